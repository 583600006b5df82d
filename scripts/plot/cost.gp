# What a round trip costs: CPU time of all workers against the time it takes, a point per mechanism,
# named at the right; hollow points sleep while they wait, filled ones spin.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'cost'
load name . '-series.gp'
load name . '-caption.gp'

names_px = 17
area_px = 430 > names_px * series ? 430 : names_px * series
right_px = 60 + (longest_label > 60 ? 380 : 6.6 * longest_label)
has_legend = 0
load 'style.gp'
legend_lines = 0
upright_title = 1

call 'axis.gp' 'x' 'ns' x_min x_max panel_px
call 'axis.gp' 'y' 'ns' y_min y_max area_px
y_px(v) = area_bottom + area_px * log(v / axis_low) / log(axis_high / axis_low)
set xlabel x_title noenhanced offset 0, -0.3
set samples 400

# Names from above in the order of their points, each as near to its own as the others let it.
array order[series]
array name_px[series]
do for [i = 1:series] { order[i] = i }
do for [i = 2:series] {
	do for [k = i:2:-1] {
		if (end_y[order[k]] > end_y[order[k - 1]]) {
			swap = order[k]
			order[k] = order[k - 1]
			order[k - 1] = swap
		}
	}
}
do for [k = 1:series] {
	wish = y_px(end_y[order[k]])
	top = k == 1 ? area_top - 6 : name_px[k - 1] - names_px
	name_px[k] = wish < top ? wish : top
}
do for [k = series:1:-1] {
	bottom = k == series ? area_bottom + 6 : name_px[k + 1] + names_px
	name_px[k] = name_px[k] > bottom ? name_px[k] : bottom
}

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:1] {
		load 'legend.gp'
		do for [k = 1:series] {
			i = order[k]
			set arrow from first end_x[i], first end_y[i] \
				to screen at_x(width - right_px + 22), screen at_y(name_px[k]) nohead back \
				lc rgb '#cccccc' lw 0.6
			set label '' at screen at_x(width - right_px + 30), screen at_y(name_px[k]) \
				point pt shape(i) ps 0.9 lc rgb paint(i)
			set label label[i] at screen at_x(width - right_px + 42), screen at_y(name_px[k]) \
				left noenhanced font ',11'
		}
		plot x with lines lc rgb '#999999' lw 1 dt 3, \
			2 * x with lines lc rgb '#999999' lw 1 dt 2, \
			for [i = 1:series] data using (of(i, 2)):3:6:7 with xerrorbars \
				lc rgb paint(i) lw 1 pt -1, \
			for [i = 1:series] data using (of(i, 2)):3:4:5 with yerrorbars \
				lc rgb paint(i) lw 1 pt -1, \
			for [i = 1:series] data using (of(i, 2)):3 with points \
				lc rgb paint(i) pt shape(i) ps 1.1
	}
	unset multiplot
	unset output
}
