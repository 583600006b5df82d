/*
 * number.h - decimal numbers of our files, read strictly.
 *
 * Pure but for the locale, which the program never sets.
 */
#ifndef BENCH_NUMBER_H
#define BENCH_NUMBER_H

#include <stdbool.h>

/*
 * A decimal number as strtod() would read it, to the last bit.  "" is NAN: not measured.  False,
 * and NAN: blanks, hexadecimal, "nan", "inf", more than a double holds, anything behind it.
 */
bool number_read(const char *text, double *out);

#endif
