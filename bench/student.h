/*
 * student.h - Student's t and the functions behind moderated variances.
 *
 * Pure functions of their arguments, accurate to 1e-9 or better where degrees of freedom are at
 * least 0.5; df may be INFINITY (the normal distribution).  Any thread.
 */
#ifndef BENCH_STUDENT_H
#define BENCH_STUDENT_H

/* P(T > t). */
double student_upper(double t, double df);

/* The t with P(T > t) = p, 0 < p < 1. */
double student_quantile_upper(double p, double df);

/* First and second derivative of log(gamma(x)), x > 0. */
double digamma(double x);
double trigamma(double x);

/* The x with trigamma(x) = y, y > 0. */
double trigamma_inverse(double y);

#endif
