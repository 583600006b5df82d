# Style of every picture: paper, colours, the layout of panels, legends and caption, and the two
# files that are written. Lengths are pixels of the SVG. A picture's script loads NAME-series.gp
# and NAME-caption.gp (generated) before this file, and may set what is asked for here first.

if (!exists('left_px')) left_px = 104
if (!exists('gap_px')) gap_px = 84
if (!exists('right_px')) right_px = 24
if (!exists('area_px')) area_px = 430
if (!exists('axis_px')) axis_px = 66
if (!exists('has_legend')) has_legend = 1
if (!exists('legend_on_top')) legend_on_top = 0
if (!exists('sample_px')) sample_px = 36

set encoding utf8
set datafile separator comma
set datafile columnheaders

# Wong's palette, safe for red-green blindness, without its yellow, which white paper swallows.
array colour[7] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#000000', '#E69F00', '#56B4E9']
array fog[7] = ['#e20072B2', '#e2D55E00', '#e2009E73', '#e2CC79A7', '#e2000000', '#e2E69F00', \
	'#e256B4E9']
array full_mark[6] = [7, 5, 9, 11, 13, 15]
array open_mark[6] = [6, 4, 8, 10, 12, 14]
array dash_type[4] = [1, 2, 3, 4]
paint(i) = colour[tint[i] % 7 + 1]
haze(i) = fog[tint[i] % 7 + 1]
shape(i) = hollow[i] ? open_mark[mark[i] % 6 + 1] : full_mark[mark[i] % 6 + 1]
dashes(i) = dash_type[dash[i] % 4 + 1]

# Column c of the points of series i; others are no number.
data = name . '.csv'
of(i, c) = column(1) == i ? column(c) : NaN
every_mark(i) = points[i] > 24 ? points[i] / 12 : 1

set border 3 lw 1 lc rgb '#444444'
set grid x y lc rgb '#dddddd' lt 1 lw 0.75
set tics nomirror out scale 0.6 textcolor rgb '#222222' font ',11'
set bars small
unset key

# Columns of a legend, under the panel whose series they are; a label has 7 pixels a letter.
width = 1100.0
panel_px = (width - left_px - right_px - gap_px * (panels - 1)) / panels
cell_px = 7.0 * longest_label + sample_px + 16
legend_columns = panel_px > 2 * cell_px ? int(panel_px / cell_px) : 1
legend_rows(p) = (last[p] - first[p] + legend_columns) / legend_columns
legend_most = panels > 1 && legend_rows(2) > legend_rows(1) ? legend_rows(2) : legend_rows(1)
legend_px = has_legend ? 20 * legend_most + 8 : 0

# From below: caption, legend, axis, panels, their headings (and a legend that is on top), title.
caption_px = 18 * captions + 16
area_bottom = caption_px + axis_px + (legend_on_top ? 0 : legend_px)
area_top = area_bottom + area_px
heading_px = strlen(panel[1]) > 0 || panels > 1 ? 26 : 6
legend_top = legend_on_top ? area_top + heading_px + legend_px : caption_px + legend_px
height = area_top + heading_px + (legend_on_top ? legend_px : 0) + 50
panel_left(p) = left_px + (p - 1) * (panel_px + gap_px)
at_x(px) = px / width
at_y(px) = px / (1.0 * height)

svg_terminal = sprintf("set terminal svg size 1100,%d dynamic font 'Helvetica,13' " . \
	"background '#ffffff' noenhanced", height)
png_terminal = sprintf("set terminal pngcairo size 1650,%d font 'sans,12' fontscale 1.3 " . \
	"linewidth 1.5 pointscale 1.5 background '#ffffff' noenhanced", 3 * height / 2)
