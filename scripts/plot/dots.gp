# Mechanisms side by side: a row each, a point for each series, bar = interval, figures to the
# right on a logarithmic axis.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'dots'
load name . '-series.gp'
load name . '-caption.gp'

# Side by side within a row: series of one panel, the first on top.
most = 1
do for [p = 1:panels] { if (last[p] - first[p] + 1 > most) { most = last[p] - first[p] + 1 } }
row_px = most > 2 ? 8 + 7 * most : 22
area_px = row_px * (category_at[categories] + 0.6)
left_px = longest_category > 60 ? 420 : 7 * longest_category + 30
gap_px = 40
legend_on_top = 1
sample_px = 24
load 'style.gp'
legend_lines = 0
upright_title = 0

set yrange [category_at[categories] + 0.7 : 0.1]
unset ytics
set grid x
set border 1 lw 1 lc rgb '#444444'
call 'axis.gp' 'x' unit y_min y_max panel_px
set xlabel y_title noenhanced offset 0, -0.3
step = 0.72 / most
row(i, p) = of(i, 2) + (i - first[p] - (last[p] - first[p]) / 2.0) * step

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		do for [k = 1:categories] {
			if (!heading[k]) {
				set object rectangle from graph 0, first category_at[k] - 0.46 \
					to graph 1, first category_at[k] + 0.46 behind \
					fc rgb '#f4f4f4' fs solid noborder
			}
			if (p == 1 && heading[k]) {
				set label category[k] at screen at_x(14), first category_at[k] left \
					noenhanced font ',12'
			}
			if (p == 1 && !heading[k]) {
				set label category[k] at screen at_x(left_px - 8), \
					first category_at[k] right noenhanced font ',11' \
					textcolor rgb '#222222'
			}
		}
		plot for [i = first[p]:last[p]] data using 3:(row(i, p)):4:5 with xerrorbars \
				lc rgb paint(i) lw 1.5 pt -1, \
			for [i = first[p]:last[p]] data using 3:(row(i, p)) with points \
				lc rgb paint(i) pt shape(i) ps 0.8
	}
	unset multiplot
	unset output
}
