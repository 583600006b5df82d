# Latency percentiles, one line per mechanism. The x axis counts nines: x = 1 / (1 - p), on a log
# scale.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'latency'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'
legend_lines = 1
upright_title = 1

set logscale x 10
set xlabel 'percentile (each step to the right: one in ten of what is left)' noenhanced \
	offset 0, -0.3
set xtics ('min' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1e3, '99.99 %%' 1e4, \
	'99.999 %%' 1e5, '99.9999 %%' 1e6, '99.99999 %%' 1e7, '99.999999 %%' 1e8)
set xrange [x_min / 1.05 : (x_max > 2 * x_min ? x_max : 2 * x_min) * 1.25]
call 'axis.gp' 'y' 'ns' y_min y_max area_px

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		plot for [i = first[p]:last[p]] data using (of(i, 2)):3 with linespoints \
			lc rgb paint(i) lw 2 dt dashes(i) pt shape(i) ps 0.9 pi every_mark(i)
	}
	unset multiplot
	unset output
}
