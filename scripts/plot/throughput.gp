# Throughput against message size, both logarithmic, one line per mechanism, band = interval.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'throughput'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'
legend_lines = 1
upright_title = 1

set logscale x 2
set xlabel 'message size (bytes, powers of two)' noenhanced offset 0, -0.3
call 'axis.gp' 'y' unit y_min y_max area_px

# Every power of two while there are few, every second, third ... else.
first_power = int(floor(log(x_min) / log(2) + 0.001))
last_power = int(ceil(log(x_max) / log(2) - 0.001))
stride = (last_power - first_power) / int(panel_px / 62) + 1
in_bytes(e) = e < 10 ? sprintf('%d B', 2 ** e) : e < 20 ? sprintf('%d KiB', 2 ** (e - 10)) : \
	e < 30 ? sprintf('%d MiB', 2 ** (e - 20)) : sprintf('%d GiB', 2 ** (e - 30))
set xtics ('' 2.0 ** first_power)
do for [e = first_power:last_power] { set xtics add ('' 2.0 ** e 1) }
do for [e = first_power:last_power:stride] { set xtics add (in_bytes(e) 2.0 ** e) }
set xrange [x_min / 1.3 : x_max * 1.3]

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		plot for [i = first[p]:last[p]] data using (of(i, 2)):4:5 with filledcurves \
				fc rgb haze(i) fs solid noborder, \
			for [i = first[p]:last[p]] data using (points[i] == 1 && interval[i] ? \
				of(i, 2) : NaN):3:4:5 with yerrorbars lc rgb paint(i) lw 1 pt -1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3 with linespoints \
				lc rgb paint(i) lw 2 dt dashes(i) pt shape(i) ps 0.9 pi every_mark(i)
	}
	unset multiplot
	unset output
}
