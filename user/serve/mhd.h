/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libmicrohttpd, which nothing but 'serve' needs, is opened when it is asked for: with all that it needs itself
 * for TLS, and libcurl with Kerberos and LDAP (curl.h), there are thirty libraries, which every other run would
 * map and relocate.
 */
#pragma once

#include <microhttpd.h>

#include "util/err.h"

#define CT_MHD(X) \
	X(add_response_header) \
	X(basic_auth_get_username_password) \
	X(create_response_from_buffer) \
	X(create_response_from_callback) \
	X(destroy_response) \
	X(free) \
	X(get_connection_info) \
	X(lookup_connection_value) \
	X(queue_basic_auth_fail_response) \
	X(queue_response) \
	X(resume_connection) \
	X(start_daemon) \
	X(stop_daemon) \
	X(suspend_connection)

struct ct_mhd {
#define X(name) __typeof__(MHD_##name) *name;
	CT_MHD(X)
#undef X
};

/* Of no use before it is opened. Never closed: a thread of the library may be anywhere in it. */
extern struct ct_mhd ct_mhd;

int ct_mhd_open(struct ct_err *err);
