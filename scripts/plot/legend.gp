# Margins, heading and legend of panel p; title and caption with the first. A legend of our own: it
# never lies on the data, and no label is cut by another.

set lmargin at screen at_x(panel_left(p))
set rmargin at screen at_x(panel_left(p) + panel_px)
set bmargin at screen at_y(area_bottom)
set tmargin at screen at_y(area_top)
unset label
unset arrow
unset object

if (p == 1) {
	set label plot_title at screen 0.012, screen at_y(height - 28) left noenhanced font ',15'
	do for [i = 1:captions] {
		set label caption[i] at screen 0.012, \
			screen at_y(14 + 18 * (captions - i)) left noenhanced font ',10' \
			textcolor rgb '#444444'
	}
}
if (p == 1 && upright_title) {
	set label y_title at screen 0.016, screen at_y(area_bottom + area_px / 2.0) center \
		rotate by 90 noenhanced font ',12'
}
set label panel[p] at screen at_x(panel_left(p)), screen at_y(area_top + 15) left noenhanced \
	font ',13' textcolor rgb '#222222'

if (has_legend) { do for [i = first[p]:last[p]] {
	legend_row = (i - first[p]) % legend_rows(p)
	legend_x = panel_left(p) + ((i - first[p]) / legend_rows(p)) * cell_px
	legend_y = legend_top - 14 - 20 * legend_row
	if (legend_lines) {
		set arrow from screen at_x(legend_x), screen at_y(legend_y) \
			to screen at_x(legend_x + sample_px - 8), screen at_y(legend_y) nohead \
			lc rgb paint(i) lw 2 dt dashes(i)
	}
	set label '' at screen at_x(legend_x + (sample_px - 8) / 2.0), screen at_y(legend_y) \
		point pt shape(i) ps 0.9 lc rgb paint(i)
	set label label[i] at screen at_x(legend_x + sample_px), \
		screen at_y(legend_y) left noenhanced font ',11'
} }
