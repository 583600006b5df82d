# A figure against the number of workers: categories in order of workers, one line per mechanism,
# band = interval.
# Run `gnuplot -d NAME.gp` here again after a change; NAME.svg and NAME.png are written anew.

if (!exists('name')) name = 'fans'
load name . '-series.gp'
load name . '-caption.gp'
load 'style.gp'
legend_lines = 1
upright_title = 1

set xrange [0.6 : category_at[categories] + 0.4]
set xtics ('' 1)
do for [k = 1:categories] { set xtics add ('' category_at[k]) }
set xlabel x_title noenhanced offset 0, -0.6
call 'axis.gp' 'y' unit y_min y_max area_px

do for [terminal in 'svg png'] {
	eval (terminal eq 'svg' ? svg_terminal : png_terminal)
	set output name . '.' . terminal
	set multiplot
	do for [p = 1:panels] {
		load 'legend.gp'
		do for [k = 1:categories] {
			set label category[k] at first category_at[k], \
				screen at_y(area_bottom - 17) center noenhanced font ',11'
		}
		plot for [i = first[p]:last[p]] data using (of(i, 2)):4:5 with filledcurves \
				fc rgb haze(i) fs solid noborder, \
			for [i = first[p]:last[p]] data using (points[i] == 1 && interval[i] ? \
				of(i, 2) : NaN):3:4:5 with yerrorbars lc rgb paint(i) lw 1 pt -1, \
			for [i = first[p]:last[p]] data using (of(i, 2)):3 with linespoints \
				lc rgb paint(i) lw 2 dt dashes(i) pt shape(i) ps 0.9
	}
	unset multiplot
	unset output
}
