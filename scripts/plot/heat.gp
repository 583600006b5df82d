# A matrix as boxes: x its column, y its row, colour the figure. Series 1 has figures; series 2, if
# there is one, has those that are missing: they are grey and hatched, in their place. The diagonal
# is not drawn.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'heat'
load name . '-series.gp'
load name . '-caption.gp'

n = categories
box_px = n < 5 ? 110.0 : n < 13 ? 600.0 / n : 720.0 / n
left_px = 90
area_px = box_px * n
right_px = 1100 - left_px - area_px
has_legend = 0
legend_on_top = 1
axis_px = 66
load 'style.gp'
legend_lines = 0
upright_title = 1

# Figures: their range, a colour bar beside the matrix, numbers inside while they can be read.
stats data using (of(1, 4)) name 'ns' nooutput
low = ns_min
# a range of its own for what hardly differs would make noise look like a pattern
high = ns_max > 1.25 * ns_min ? ns_max : 1.25 * ns_min
wide = high / low > 4
if (wide) { set logscale cb 10 }
set cbrange [low : high]
# Viridis: even to the eye, in grey and for the colour-blind; light is near.
set palette defined (0 '#fde725', 1 '#a0da39', 2 '#4ac16d', 3 '#1fa187', 4 '#277f8e', \
	5 '#365c8d', 6 '#46327e', 7 '#440154')
in_ns(v) = v < 9.95 || high < 1.3 * low ? sprintf('%.1f', v) : sprintf('%.0f', v)
part(v) = wide ? log(v / low) / log(high / low) : (v - low) / (high - low)
inside = box_px >= 26
digit_size = box_px >= 60 ? 13 : box_px >= 40 ? 10 : 8

set xrange [0.5 : n + 0.5]
set yrange [n + 0.5 : 0.5]
unset grid
set border 15 lw 1 lc rgb '#444444'
set tics nomirror out scale 0.4
each = int((n - 1) / 32) + 1
turn = each > 1 || box_px < 24
if (turn) {
	set xtics ('' 1) rotate by 90 right font ',10'
} else {
	set xtics ('' 1) font ',10'
}
set ytics ('' 1) font ',10'
do for [k = 1:n:each] {
	set xtics add (category[k] category_at[k])
	set ytics add (category[k] category_at[k])
}
set xlabel x_title noenhanced offset 0, 0.3
set colorbox user origin screen at_x(left_px + area_px + 40), screen at_y(area_bottom) \
	size screen at_x(20), screen at_y(area_px > 320 ? 320 : area_px)
set cbtics (in_ns(low) . ' ns' low, in_ns(high) . ' ns' high) font ',10'
do for [k = 1:3] {
	cb_at = wide ? low * (high / low) ** (k / 4.0) : low + (high - low) * k / 4.0
	set cbtics add (in_ns(cb_at) . ' ns' cb_at)
}
missing = series > 1
legend_px = left_px + area_px + 140
# A little over its cell: else renderers leave a seam.
half = 0.5 + 0.35 / box_px

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	p = 1
	load 'legend.gp'
	set object rectangle from screen at_x(legend_px), screen at_y(area_bottom) \
		to screen at_x(legend_px + 20), screen at_y(area_bottom + 20) \
		fc rgb '#ffffff' fs solid border lc rgb '#777777'
	set label 'one PU with itself' at screen at_x(legend_px + 28), \
		screen at_y(area_bottom + 10) left font ',11'
	if (missing) {
		set object rectangle from screen at_x(legend_px), \
			screen at_y(area_bottom + 32) to screen at_x(legend_px + 20), \
			screen at_y(area_bottom + 52) fc rgb '#c8c8c8' fs solid border lc rgb '#777777'
		set object rectangle from screen at_x(legend_px), \
			screen at_y(area_bottom + 32) to screen at_x(legend_px + 20), \
			screen at_y(area_bottom + 52) fc rgb '#555555' fs transparent pattern 4 \
			border lc rgb '#777777'
		set label label[2] at screen at_x(legend_px + 28), \
			screen at_y(area_bottom + 42) left noenhanced font ',11'
	}
	plot data using (of(1, 2)):3:(half):(half):4 with boxxyerror fs solid noborder lc palette, \
		data using (of(2, 2)):3:(half):(half) with boxxyerror fs solid noborder \
			lc rgb '#c8c8c8', \
		data using (of(2, 2)):3:(half):(half) with boxxyerror \
			fs transparent pattern 4 noborder lc rgb '#555555', \
		data using (inside ? of(1, 2) : NaN):3:(in_ns(column(4))): \
			(part(column(4)) < 0.45 ? 0x000000 : 0xffffff) with labels noenhanced \
			font sprintf(',%d', digit_size) textcolor rgb variable
	unset multiplot
	unset output
}
