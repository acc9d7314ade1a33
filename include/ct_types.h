/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one header that knows which side it is compiled for. */
#pragma once

#ifdef __bpf__
#include "vmlinux.h"
#else
#include <linux/types.h>
#endif
