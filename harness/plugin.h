/*
 * plugin.h - mechanisms in a shared object that a built program loads.
 *
 * `make plugin SRC=FILE.c` (scripts/plugin) makes one of any mechanism's file, unchanged: it finds
 * what the file exports, and writes the table below for it.  The loops are stamped into the shared
 * object, as they are into the program; functions of the harness are the program's.
 *
 * A loop and the program share the layout of links, ports, workers, histograms: of all headers in
 * harness/.  PLUGIN_CONTRACT is a checksum of them; who was built with others is not loaded.
 */
#ifndef HARNESS_PLUGIN_H
#define HARNESS_PLUGIN_H

#include "harness/mech.h"

#define PLUGIN_SYMBOL "handoff_plugin"
#define PLUGIN_MAGIC  "handoff plugin 1"

enum { PLUGIN_WORD = 24 };

/* Constant, and the only symbol of a plugin that anybody asks for. */
struct plugin {
	char magic[PLUGIN_WORD], contract[PLUGIN_WORD];
	const struct mech *const *mech; /* NULL behind the last */
};

#endif
