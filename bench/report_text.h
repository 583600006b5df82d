/*
 * report_text.h - text of the files inside a Markdown document.
 *
 * CSV files hold what kernels, machines and mechanisms say, hence anything: a
 * cell border, a tag, a link, a line break, a control character, bytes that are
 * no UTF-8.  Whoever writes such text into a document goes through here.  Errors
 * stay in the stream (ferror).  Any thread.
 */
#ifndef BENCH_REPORT_TEXT_H
#define BENCH_REPORT_TEXT_H

#include <stdio.h>

/* Plain words: one line, shown as it stands, in a paragraph, list item or table cell. */
void report_text(FILE *to, const char *text);

/* A code span: `text`; a backquote, which would end it, is shown as ', a backslash
 * before a | as /. */
void report_code(FILE *to, const char *text);

#endif
