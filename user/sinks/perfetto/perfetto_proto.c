// SPDX-License-Identifier: GPL-2.0-only
/* The encoder that protobuf-c makes of proto/perfetto.proto, as a unit of its own. */
/* NOLINTNEXTLINE(bugprone-suspicious-include): generated, and compiled with our flags */
#include "perfetto.pb-c.c"
