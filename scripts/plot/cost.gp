# What a round trip costs: CPU time of all workers against the time it takes, a point per mechanism
# with its number in the legend; hollow points sleep while they wait, filled ones spin.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'cost'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'
legend_lines = 0
legend_numbers = 1

call 'axis.gp' 'y' 'ns' y_min y_max area_px
call 'axis.gp' 'x' 'ns' x_min x_max panel_px
set xlabel x_title noenhanced offset 0, -0.3
set samples 2

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		set ylabel (p == 1 ? y_title : '') noenhanced offset -1, 0
		plot x with lines lc rgb '#999999' lw 1 dt 3, \
			2 * x with lines lc rgb '#999999' lw 1 dt 2, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3:6:7 with xerrorbars \
				lc rgb paint(i) lw 1 pt -1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3:4:5 with yerrorbars \
				lc rgb paint(i) lw 1 pt -1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3 with points \
				lc rgb paint(i) pt shape(i) ps 1.1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3:\
				(sprintf('%d', i - first[p] + 1)) with labels font ',9' \
				textcolor rgb '#444444' offset 0.9, 0.5
	}
	unset multiplot
	unset output
}
