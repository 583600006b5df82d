/*
 * gate_stats.h - the arithmetic of a gate that stats.h does not have: what the suite as a whole
 * did, how many of the discoveries are false, what an experiment could have seen, and how far
 * a count of runs can be believed.
 *
 * As in stats.h: pure functions, nothing allocated, room is passed as work, values finite, input
 * unchanged.  Effects are in log cost: above 0 is slower.  Any thread.
 */
#ifndef BENCH_GATE_STATS_H
#define BENCH_GATE_STATS_H

#include <stddef.h>
#include <stdint.h>

/* z with P(Z < z) = p, 0 < p < 1. */
double gate_normal_quantile(double p);

/* P(Z < z). */
double gate_normal_below(double z);

/*
 * Mean of x without the floor(trim * n) smallest and largest; *se is Yuen's standard error of it,
 * from the winsorised variance.  work: n.  NAN where fewer than 2 are left.
 */
double gate_trimmed_mean(const double *x, size_t n, double trim, double *se, double *work);

/*
 * Benjamini and Hochberg's adjusted p-values: q[i] belongs to p[i].  q must not overlap p.
 * order: n elements of work.
 */
void gate_false_discovery(const double *p, size_t n, double *q, size_t *order);

/*
 * What a difference must get through before it is called a regression: it is above 0 in the
 * screen, above the margin in the interim look and in the test.  At each of them the standard
 * error of the estimate, and by how many of these it has to be above (gate_normal_quantile()).
 */
struct gate_steps {
	double screen_se, screen_z;
	double interim_se, interim_z;
	double test_se, test_z; /* of the level that the family leaves one hypothesis */
	double margin;          /* log cost */
};

/* How likely an effect of this size gets through all three (normal theory). */
double gate_power(const struct gate_steps *s, double effect);

/* The effect, in log cost, that gets through with this probability; NAN if no finite one does. */
double gate_detectable(const struct gate_steps *s, double power);

/*
 * About how many pairs bring the upper bound of an estimate below `tolerance`, when n of them
 * gave this estimate and upper bound; where the estimate itself is at or above it, how many
 * show it to be beyond `margin` with 1 % error and 80 % power.  All in log cost.  0: no number would.
 */
uint32_t gate_pairs_needed(
	size_t n, double estimate, double upper, double tolerance, double margin);

/* Clopper and Pearson's interval for a probability of which k of n were seen; n > 0. */
void gate_binomial_interval(uint64_t k, uint64_t n, double confidence, double *lo, double *hi);

#endif
