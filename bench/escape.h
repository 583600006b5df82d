/*
 * escape.h - text inside XML, JSON and workflow commands.
 *
 * Rows hold what kernels, machines and mechanisms say, hence anything.  What is no UTF-8 and what a
 * format cannot hold becomes U+FFFD.  Errors stay in the stream (ferror).  Any thread.
 */
#ifndef BENCH_ESCAPE_H
#define BENCH_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

/* Between tags or within an attribute's double quotes; line breaks survive in both. */
void escape_xml(FILE *to, const char *text);

/* A whole string, its quotes included. */
void escape_json(FILE *to, const char *text);

/* Of a workflow command of GitHub: what it says, or the value of one of its properties. */
void escape_command(FILE *to, const char *text, bool property);

#endif
