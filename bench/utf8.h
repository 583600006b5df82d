/*
 * utf8.h - is it UTF-8?
 *
 * Pure.
 */
#ifndef BENCH_UTF8_H
#define BENCH_UTF8_H

/* Bytes of the UTF-8 sequence that text begins with; 0 where it begins with none, or has ended
 * within one. */
int utf8_bytes(const char *text);

#endif
