/* student.c - see student.h. */
#include "bench/student.h"

#include <math.h>
#include <stdbool.h>

enum { FRACTION_TERMS = 500, NEWTON_STEPS = 100 };

static const double tiny = 1e-300;
static const double shift_to = 12; /* from here on the asymptotic series are exact to 1e-15 */

/* Continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m < FRACTION_TERMS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double before = h;

		for (int i = 0; i < 2; i++) {
			double term = i ? odd : even;

			d = 1 + term * d;
			d = 1 / (fabs(d) < tiny ? tiny : d);
			c = 1 + term / c;
			c = fabs(c) < tiny ? tiny : c;
			h *= d * c;
		}
		if (fabs(h - before) < 1e-15 * fabs(h))
			break;
	}
	return h;
}

/* The regularised incomplete beta function of x = 1 - y, both given for their last digits. */
static double beta_part(double a, double b, double x, double y)
{
	double front;

	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, y) / b;
}

static bool is_normal(double df)
{
	return isinf(df) || df > 1e7;
}

double student_upper(double t, double df)
{
	double tail, all = df + t * t;

	if (is_normal(df))
		return erfc(t / sqrt(2)) / 2;
	tail = beta_part(df / 2, 0.5, df / all, t * t / all) / 2;
	return t >= 0 ? tail : 1 - tail;
}

static double density(double t, double df)
{
	if (is_normal(df))
		return exp(-t * t / 2) / sqrt(2 * M_PI);
	return exp(lgamma((df + 1) / 2) - lgamma(df / 2) - (df + 1) / 2 * log1p(t * t / df)) /
	       sqrt(df * M_PI);
}

/* From 0 the tail is convex: Newton's steps come from one side and never pass the root. */
double student_quantile_upper(double p, double df)
{
	double t = 0;

	if (p > 0.5)
		return -student_quantile_upper(1 - p, df);
	for (int i = 0; i < NEWTON_STEPS; i++) {
		double step = (student_upper(t, df) - p) / density(t, df);

		t += step;
		if (fabs(step) < 1e-13 * (1 + t))
			break;
	}
	return t;
}

double digamma(double x)
{
	double sum = 0, y;

	for (; x < shift_to; x++)
		sum -= 1 / x;
	y = 1 / (x * x);
	return sum + log(x) - 0.5 / x -
	       y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

double trigamma(double x)
{
	double sum = 0, y;

	for (; x < shift_to; x++)
		sum += 1 / (x * x);
	y = 1 / (x * x);
	return sum + 1 / x + y / 2 +
	       y / x * (1.0 / 6 - y * (1.0 / 30 - y * (1.0 / 42 - y * (1.0 / 30 - y * 5 / 66))));
}

/* Of trigamma() the derivative. */
static double tetragamma(double x)
{
	double sum = 0, y;

	for (; x < shift_to; x++)
		sum -= 2 / (x * x * x);
	y = 1 / (x * x);
	return sum - y - y / x - y * y * (0.5 - y * (1.0 / 6 - y * (1.0 / 6 - y * 0.3)));
}

/* Newton's method on 1/trigamma, which is nearly straight (Smyth 2004). */
double trigamma_inverse(double y)
{
	double x;

	if (y > 1e7)
		return 1 / sqrt(y);
	if (y < 1e-6)
		return 1 / y;
	x = 0.5 + 1 / y;
	for (int i = 0; i < NEWTON_STEPS; i++) {
		double tri = trigamma(x), step = tri * (1 - tri / y) / tetragamma(x);

		x += step;
		if (-step / x < 1e-12)
			break;
	}
	return x;
}
