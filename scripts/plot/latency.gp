# Latency percentiles, one line per mechanism. The x axis counts nines: x = 1 / (1 - p), on a log
# scale.
# Run `gnuplot NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'latency'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'

set logscale xy 10
set xlabel 'percentile (each step to the right: one in ten of what is left)' noenhanced
set ylabel 'latency (ns, us, ms, s)' noenhanced

set xtics ('' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1e3, '99.99 %%' 1e4, \
	'99.999 %%' 1e5, '99.9999 %%' 1e6, '99.99999 %%' 1e7, '99.999999 %%' 1e8)
set xrange [x_min / 1.05 : (x_max > 2 * x_min ? x_max : 2 * x_min) * 1.25]

in_unit(v) = v < 1e3 ? sprintf('%g ns', v) : v < 1e6 ? sprintf('%g us', v / 1e3) : \
	v < 1e9 ? sprintf('%g ms', v / 1e6) : sprintf('%g s', v / 1e9)
set yrange [low_end(y_min, y_max) : high_end(y_min, y_max)]
set ytics (in_unit(1) 1)
do for [d = -3:12] {
	set ytics add (in_unit(10.0 ** d) 10.0 ** d)
	do for [k = 2:9] {
		if (one_two_five(y_min, y_max) && (k == 2 || k == 5)) {
			set ytics add (in_unit(k * 10.0 ** d) k * 10.0 ** d)
		} else {
			set ytics add ('' k * 10.0 ** d 1)
		}
	}
}

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	plot for [i = 1:series] data(i) using 1:(interval[i] ? $2 : NaN):3:4 with yerrorbars \
			lc rgb tint(i) lw 1 dt 1 pt -1 notitle, \
		for [i = 1:series] data(i) using 1:2 with linespoints lc rgb tint(i) lw 2 \
			dt dashes(i) pt point(i) ps 0.9 pi every_mark(i) title label[i]
	unset output
}
