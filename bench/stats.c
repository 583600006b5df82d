/*
 * Rank statistics. Ranks are doubled throughout, so that mid-ranks of ties are whole numbers; null
 * distributions come from dynamic programming over sums of doubled ranks, hence are exact with
 * ties.
 */
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void swap(double *a, double *b)
{
	double t = *a;

	*a = *b;
	*b = t;
}

/* The k-th smallest (from 0) of x, which is reordered: smaller ones before, larger ones behind. */
static double select_kth(double *x, size_t n, size_t k)
{
	ptrdiff_t lo = 0, hi = (ptrdiff_t)n - 1, at = (ptrdiff_t)k;

	while (lo < hi) {
		double pivot = x[k];
		ptrdiff_t i = lo, j = hi;
		while (i <= j) {
			while (x[i] < pivot)
				i++;
			while (x[j] > pivot)
				j--;
			if (i <= j)
				swap(&x[i++], &x[j--]);
		}
		if (j < at)
			lo = i;
		if (i > at)
			hi = j;
	}
	return x[k];
}

static double median_in_place(double *x, size_t n)
{
	double upper, lower;

	if (n == 0)
		return NAN;
	upper = select_kth(x, n, n / 2);
	if (n % 2)
		return upper;
	lower = x[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = x[i] > lower ? x[i] : lower;
	return lower + (upper - lower) / 2;
}

double stats_median(const double *x, size_t n, double *work)
{
	if (n)
		memcpy(work, x, n * sizeof(*x));
	return median_in_place(work, n);
}

double stats_mad(const double *x, size_t n, double *work)
{
	double median = stats_median(x, n, work);

	for (size_t i = 0; i < n; i++)
		work[i] = fabs(x[i] - median);
	return median_in_place(work, n);
}

/* Sets lo, hi to the k-th values (from 1) from both ends of x, which is reordered. */
static void set_ends(struct stats_interval *out, double *x, size_t n, size_t k)
{
	out->lo = select_kth(x, n, k - 1);
	out->hi = select_kth(x, n, n - k);
}

/*
 * Largest k with 1 - 2 P(Bin(n, 1/2) < k) >= confidence, at least 1; *coverage is what k has. In
 * logarithms, since 2^-n is 0 for large n.
 */
static size_t median_k(size_t n, double confidence, double *coverage)
{
	double log_p = -(double)n * log(2.0), tail = 0.0;
	size_t k = 0;

	while (k < (n + 1) / 2) {
		double next = tail + exp(log_p); /* P(Bin < k + 1) */
		if (k > 0 && 1.0 - 2.0 * next < confidence)
			break;
		tail = next;
		log_p += log((double)(n - k) / (double)(k + 1));
		k++;
	}
	*coverage = 1.0 - 2.0 * tail;
	return k;
}

bool stats_median_interval(
	const double *x, size_t n, double confidence, struct stats_interval *out, double *work)
{
	*out = (struct stats_interval){NAN, NAN, NAN, 0.0};
	if (n == 0)
		return false;
	out->estimate = stats_median(x, n, work);
	set_ends(out, work, n, median_k(n, confidence, &out->coverage));
	return out->coverage >= confidence;
}

/*
 * Ways to reach each sum of n ranks, each taken or not: ways[0..top], where top is the sum of all
 * ranks, or `most` where that is less; 2^n in all. rank[i] are whole numbers; they are taken from
 * the doubled mid-ranks or 1..n. All counts are positive: nothing cancels. Returns top.
 */
static size_t count_signs(const double *rank, size_t n, size_t most, double *ways)
{
	size_t top = 0;

	ways[0] = 1.0;
	for (size_t i = 0; i < n; i++) {
		size_t r = (size_t)rank[i], last = top + r < most ? top + r : most;

		memset(&ways[top + 1], 0, (last - top) * sizeof(*ways));
		top = last;
		for (size_t w = top; w >= r; w--)
			ways[w] += ways[w - r];
	}
	return top;
}

double stats_normal_above(double z)
{
	return 0.5 * erfc(z / sqrt(2.0));
}

/* z with P(|Z| < z) = confidence, by bisection: needed once, precise to the last bits. */
static double normal_two_sided_z(double confidence)
{
	double lo = 0.0, hi = 40.0;

	for (int i = 0; i < 100; i++) {
		double mid = (lo + hi) / 2.0;
		if (1.0 - 2.0 * stats_normal_above(mid) < confidence)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

static size_t walsh_k_normal(size_t n, double confidence)
{
	double nn = (double)n * (double)(n + 1);
	double z = normal_two_sided_z(confidence);
	double k = floor(nn / 4.0 - z * sqrt(nn * (double)(2 * n + 1) / 24.0));

	return k > 1.0 ? (size_t)k : 1;
}

/* Largest k, at least 1, such that the k-th Walsh averages from both ends have the confidence. */
static size_t walsh_k_exact(size_t n, double confidence, double *coverage, double *work)
{
	double *rank = work, *ways = work + n, tail = 0.0;
	size_t half = (n * (n + 1) / 2 + 1) / 2, k = 0;

	for (size_t i = 0; i < n; i++)
		rank[i] = (double)(i + 1);
	if (n >= 50) { /* the exact k is close to the normal one: no need to count beyond */
		size_t near = walsh_k_normal(n, confidence) + 2 * n;

		half = near < half ? near : half;
	}
	count_signs(rank, n, half, ways);
	while (k < half) {
		double next = tail + ldexp(ways[k], -(int)n); /* P(V < k + 1) */

		if (k > 0 && 1.0 - 2.0 * next < confidence)
			break;
		tail = next;
		k++;
	}
	*coverage = 1.0 - 2.0 * tail;
	return k;
}

/* The same from a table, which has all of it. */
static size_t walsh_k_by(const double *below, size_t n, double confidence, double *coverage)
{
	size_t half = (n * (n + 1) / 2 + 1) / 2, k = 1;

	while (k < half && 1.0 - 2.0 * below[k] >= confidence)
		k++;
	*coverage = 1.0 - 2.0 * below[k - 1];
	return k;
}

/* x[i] += x[i - by], from the end: two at a time, both read before either is written. */
static void add_shifted(double *x, size_t n, size_t by)
{
	typedef double two __attribute__((vector_size(16), aligned(8), may_alias));

	for (; n >= by + 2; n -= 2)
		*(two *)&x[n - 2] += *(const two *)&x[n - 2 - by];
	if (n > by)
		x[n - 1] += x[n - 1 - by];
}

void stats_signs(size_t n, double *below)
{
	size_t len = stats_signs_len(n);
	double sum = 0.0;

	memset(below, 0, len * sizeof(*below));
	below[0] = 1.0;
	for (size_t r = 1, top = 0; r <= n; r++) {
		top = top + r < len ? top + r : len - 1;
		add_shifted(below, top + 1, r);
	}
	for (size_t i = 0; i < len; i++) {
		sum += below[i];
		below[i] = ldexp(sum, -(int)n);
	}
}

bool stats_hodges_lehmann_by(const double *below, const double *d, size_t n, double confidence,
	struct stats_interval *out, double *work)
{
	size_t k, walsh = 0;

	*out = (struct stats_interval){NAN, NAN, NAN, 0.0};
	if (n == 0)
		return false;
	if (n > STATS_EXACT_SIGNED_RANK)
		k = walsh_k_normal(n, out->coverage = confidence);
	else if (below)
		k = walsh_k_by(below, n, confidence, &out->coverage);
	else
		k = walsh_k_exact(n, confidence, &out->coverage, work);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++)
			work[walsh++] = d[i] + (d[j] - d[i]) / 2.0;
	out->estimate = median_in_place(work, walsh);
	/* the halves stand apart now: each end is looked for in its own */
	out->lo = select_kth(work, walsh / 2 + 1, k - 1);
	out->hi = select_kth(work + walsh / 2, walsh - walsh / 2, walsh - k - walsh / 2);
	return out->coverage >= confidence;
}

bool stats_hodges_lehmann(
	const double *d, size_t n, double confidence, struct stats_interval *out, double *work)
{
	return stats_hodges_lehmann_by(NULL, d, n, confidence, out, work);
}

static int by_magnitude(const void *a, const void *b)
{
	double x = fabs(*(const double *)a), y = fabs(*(const double *)b);

	return (x > y) - (x < y);
}

/*
 * Turns n differences at the front of work into their doubled mid-ranks, in order of magnitude;
 * returns the doubled sum of the ranks of the positive ones.
 */
static double signed_ranks(double *work, size_t n)
{
	double positive = 0.0;

	qsort(work, n, sizeof(*work), by_magnitude);
	for (size_t first = 0; first < n;) {
		size_t last = first;
		while (last + 1 < n && fabs(work[last + 1]) == fabs(work[first]))
			last++;
		double rank = (double)(first + last + 2); /* doubled mid-rank of the run */
		for (; first <= last; first++) {
			if (work[first] > 0.0)
				positive += rank;
			work[first] = rank;
		}
	}
	return positive;
}

/* Without ties doubled ranks are all even: half of them say the same, in half the time. */
static double halve_ranks(double *rank, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((size_t)rank[i] % 2)
			return 1.0;
	}
	for (size_t i = 0; i < n; i++)
		rank[i] /= 2.0;
	return 2.0;
}

/*
 * P(rank sum >= w) of n ranks that add up to `all`: by symmetry that of a sum of at most all - w;
 * or where that is more than half of all, what is left of 1.
 */
static double sign_tail(double w, double all, size_t n, double *work)
{
	bool upper = w > all / 2.0;
	double most = upper ? all - w : w - 1.0, below = 0.0;

	if (most >= 0.0) {
		size_t top = count_signs(work, n, (size_t)most, work + n);

		for (size_t i = 0; i <= top; i++)
			below += work[n + i];
	}
	below = ldexp(below, -(int)n);
	below = below < 1.0 ? below : 1.0;
	return upper ? below : 1.0 - below;
}

/* Are they 1, 2 ... n? */
static bool are_untied(const double *rank, size_t n)
{
	size_t i = 0;

	while (i < n && rank[i] == (double)(i + 1))
		i++;
	return i == n;
}

/* P(doubled rank sum >= w) for the doubled mid-ranks at the front of work. */
static double signed_rank_tail(const double *below, double w, size_t n, double *work)
{
	double sum = 0.0, squares = 0.0;

	if (n <= STATS_EXACT_SIGNED_RANK) {
		double unit = halve_ranks(work, n), all = (double)n * (double)(n + 1) / unit;

		w /= unit;
		if (!below || !are_untied(work, n))
			return sign_tail(w, all, n, work);
		return w > all / 2.0 ? below[(size_t)(all - w)]
		       : w >= 1.0    ? 1.0 - below[(size_t)(w - 1.0)]
				     : 1.0;
	}
	for (size_t i = 0; i < n; i++) {
		sum += work[i];
		squares += work[i] * work[i];
	}
	return stats_normal_above((w - 1.0 - sum / 2.0) / sqrt(squares / 4.0));
}

double stats_signed_rank_greater_by(
	const double *below, const double *d, size_t n, double shift, double *work)
{
	for (size_t i = 0; i < n; i++)
		work[i] = d[i] - shift;
	return n ? signed_rank_tail(below, signed_ranks(work, n), n, work) : 1.0;
}

double stats_signed_rank_greater(const double *d, size_t n, double shift, double *work)
{
	return stats_signed_rank_greater_by(NULL, d, n, shift, work);
}

double stats_signed_rank_two_sided(
	const double *d, size_t n, double shift, size_t *n_used, double *work)
{
	size_t used = 0;
	double w, all, p;

	for (size_t i = 0; i < n; i++)
		if (d[i] != shift)
			work[used++] = d[i] - shift;
	if (n_used)
		*n_used = used;
	if (used == 0)
		return 1.0;
	w = signed_ranks(work, used);
	all = (double)used * (double)(used + 1); /* the doubled sum of all ranks */
	/* The distribution is symmetric: the farther of W+ and W- gives the smaller tail. */
	p = 2.0 * signed_rank_tail(NULL, w > all - w ? w : all - w, used, work);
	return p < 1.0 ? p : 1.0;
}

double stats_jain(const uint64_t *x, size_t n)
{
	double sum = 0.0, squares = 0.0;

	for (size_t i = 0; i < n; i++) {
		sum += (double)x[i];
		squares += (double)x[i] * (double)x[i];
	}
	return squares > 0.0 ? sum * sum / ((double)n * squares) : NAN;
}
