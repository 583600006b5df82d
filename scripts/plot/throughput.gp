# Throughput against message size, both logarithmic, one line per mechanism, bars = interval.
# Run `gnuplot NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'throughput'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'

set logscale x 2
set logscale y 10
set xlabel 'message size (bytes, powers of two)' noenhanced
set ylabel 'throughput (messages per second)' noenhanced

# Every power of two while there are few, every second, third ... else.
first_power = int(floor(log(x_min) / log(2) + 0.001))
last_power = int(ceil(log(x_max) / log(2) - 0.001))
stride = (last_power - first_power) / 8 + 1
in_unit(e) = e < 10 ? sprintf('%d B', 2 ** e) : e < 20 ? sprintf('%d KiB', 2 ** (e - 10)) : \
	e < 30 ? sprintf('%d MiB', 2 ** (e - 20)) : sprintf('%d GiB', 2 ** (e - 30))
set xtics ('' 2.0 ** first_power)
do for [e = first_power:last_power] { set xtics add ('' 2.0 ** e 1) }
do for [e = first_power:last_power:stride] { set xtics add (in_unit(e) 2.0 ** e) }
set xrange [x_min / 1.3 : x_max * 1.3]

scaled(v) = v < 1e3 ? sprintf('%g', v) : v < 1e6 ? sprintf('%g k', v / 1e3) : \
	v < 1e9 ? sprintf('%g M', v / 1e6) : sprintf('%g G', v / 1e9)
set yrange [low_end(y_min, y_max) : high_end(y_min, y_max)]
set ytics (scaled(1) 1)
do for [d = -3:12] {
	set ytics add (scaled(10.0 ** d) 10.0 ** d)
	do for [k = 2:9] {
		if (one_two_five(y_min, y_max) && (k == 2 || k == 5)) {
			set ytics add (scaled(k * 10.0 ** d) k * 10.0 ** d)
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
