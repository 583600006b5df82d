# A time against the offered rate, both logarithmic, one line per mechanism, band = interval; a
# vertical line where its knee is (the points' x_lo).
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'load'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'
legend_lines = 1
upright_title = 1

set xlabel 'messages offered per second' noenhanced offset 0, -0.3
call 'axis.gp' 'x' 'per_s' x_min x_max panel_px
call 'axis.gp' 'y' unit y_min y_max area_px
floor = axis_low
ceiling = axis_high

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		plot for [i = first[p]:last[p]] data using (of(i, 6)):(floor):(0):(ceiling - floor) \
				with vectors nohead lc rgb paint(i) lw 1 dt 3, \
			for [i = first[p]:last[p]] data using (of(i, 2)):4:5 with filledcurves \
				fc rgb haze(i) fs solid noborder, \
			for [i = first[p]:last[p]] data using (points[i] == 1 && interval[i] ? \
				of(i, 2) : NaN):3:4:5 with yerrorbars lc rgb paint(i) lw 1 pt -1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3 with linespoints \
				lc rgb paint(i) lw 2 dt dashes(i) pt shape(i) ps 0.9
	}
	unset multiplot
	unset output
}
