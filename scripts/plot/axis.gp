# call 'axis.gp' AXIS UNIT LOW HIGH PIXELS: a logarithmic axis with marks where they can be read,
# at least a decade long so that noise does not look like a difference. UNIT: ns, or per second.

axis_low = ARG3 + 0.0
axis_high = ARG4 + 0.0
axis_low = ARG4 / axis_low < 10 ? sqrt(axis_low * axis_high) / 4.0 : axis_low / 1.35
axis_high = ARG4 / (ARG3 + 0.0) < 10 ? axis_low * 16.0 : axis_high * 1.35
decade_px = ARG5 / log10(axis_high / axis_low)
in_time(v) = v < 1e3 ? sprintf('%g ns', v) : v < 1e6 ? sprintf('%g us', v / 1e3) : \
	v < 1e9 ? sprintf('%g ms', v / 1e6) : sprintf('%g s', v / 1e9)
in_rate(v) = v < 1e3 ? sprintf('%g', v) : v < 1e6 ? sprintf('%g k', v / 1e3) : \
	v < 1e9 ? sprintf('%g M', v / 1e6) : sprintf('%g G', v / 1e9)
in_unit(v) = ARG2 eq 'ns' ? in_time(v) : in_rate(v)
one_two_five = decade_px > (ARG1 eq 'x' ? 150 : 70)
each_decade = decade_px > (ARG1 eq 'x' ? 50 : 18)

if (ARG1 eq 'x') {
	set logscale x 10
	set xrange [axis_low : axis_high]
	set xtics (in_unit(1) 1)
} else {
	set logscale y 10
	set yrange [axis_low : axis_high]
	set ytics (in_unit(1) 1)
}
do for [d = -3:13] {
	do for [k = 1:9] {
		mark_text = k == 1 ? (each_decade || d % 3 == 0 ? in_unit(10.0 ** d) : '') : \
			one_two_five && (k == 2 || k == 5) ? in_unit(k * 10.0 ** d) : ''
		mark_level = strlen(mark_text) > 0 ? 0 : 1
		if (ARG1 eq 'x') {
			set xtics add (mark_text k * 10.0 ** d mark_level)
		} else {
			set ytics add (mark_text k * 10.0 ** d mark_level)
		}
	}
}
