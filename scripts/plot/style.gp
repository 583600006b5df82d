# Style of every picture: paper, colours, legend, caption, and the two files that are written.
# A picture's script loads NAME-series.gp and NAME-caption.gp (data, generated) before this file.

set encoding utf8
set datafile separator comma
set datafile columnheaders

# Wong's palette, safe for red-green blindness, without its yellow, which white paper swallows.
array colour[7] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#000000', '#E69F00', '#56B4E9']
array mark[10] = [7, 5, 9, 11, 13, 6, 4, 8, 10, 12]
array dash[4] = [1, 2, 4, 5]
tint(i) = colour[(i - 1) % 7 + 1]
point(i) = mark[(i - 1) % 10 + 1]
dashes(i) = dash[((i - 1) / 7) % 4 + 1]
data(i) = sprintf('%s-%03d.csv', name, i)
every_mark(i) = points[i] > 24 ? points[i] / 12 : 1

set border 3 lw 1 lc rgb '#444444'
set grid x y lc rgb '#dddddd' lt 1 lw 0.75
set tics nomirror out scale 0.6 textcolor rgb '#222222'
set bars small

# The legend stands beside the picture, or below it where names are long or many; never on the data.
# Heights are counted in points from the bottom: caption, legend, axis.
is_below = longest_label > 40 || series > 22
caption_height = 20 * captions + 14
legend_height = is_below ? 20 * series + 10 : 0
height = 640 + legend_height
at_height(y) = y / (1.0 * height)
set bmargin at screen at_height(caption_height + legend_height + 62)
set tmargin at screen at_height(height - 66)
if (is_below) {
	set rmargin at screen 0.97
	set key at screen 0.02, screen at_height(caption_height + legend_height) left top \
		Left reverse vertical maxrows series noenhanced samplen 3 spacing 1.1 font ',11'
} else {
	set key outside right top Left reverse vertical noenhanced samplen 3 spacing 1.25 font ',12'
}

set label 100 plot_title at screen 0.012, screen at_height(height - 30) left noenhanced font ',15'
do for [i = 1:captions] {
	set label i caption[i] at screen 0.012, screen at_height(16 + 20 * (captions - i)) left \
		noenhanced font ',11' textcolor rgb '#444444'
}

# Marks for a logarithmic axis of at least a decade: 1-2-5 where it is short, else the decades.
one_two_five(lo, hi) = hi / lo < 2000.0
low_end(lo, hi) = hi / lo < 10 ? sqrt(lo * hi) / 4.0 : lo / 1.35
high_end(lo, hi) = hi / lo < 10 ? sqrt(lo * hi) * 4.0 : hi * 1.35

svg_terminal = sprintf("set terminal svg size 1100,%d dynamic font 'Helvetica,13' " . \
	"background '#ffffff' noenhanced", height)
png_terminal = sprintf("set terminal pngcairo size 1650,%d font 'sans,12' fontscale 1.3 " . \
	"linewidth 1.5 pointscale 1.5 background '#ffffff' noenhanced", 3 * height / 2)
