// SPDX-License-Identifier: GPL-2.0-only
/*
 * Of the program without shared libraries: it answers by HTTP, and no more. GnuTLS and libcurl with all that
 * they need are not made to be linked statically; nothing calls them where neither is asked for.
 */
#include <errno.h>

#include "serve/mhd.h"
#include "serve/push.h"
#include "serve/serve.h"

const char *ct_serve_refuse(const struct ct_serve_options *opts)
{
	if (opts->certificate || opts->key)
		return "the static program has no TLS: take the one with shared libraries, or let a proxy do it";
	if (opts->otlp)
		return "the static program sends nothing to a collector: take the one with shared libraries, or let the collector scrape";
	return NULL;
}

/* What libmicrohttpd asks GnuTLS for. It begins and ends it, whether there is TLS or not. */
#define GNUTLS(X) \
	X(gnutls_alpn_set_protocols) \
	X(gnutls_bye) \
	X(gnutls_certificate_allocate_credentials) \
	X(gnutls_certificate_free_credentials) \
	X(gnutls_certificate_server_set_request) \
	X(gnutls_certificate_set_dh_params) \
	X(gnutls_certificate_set_retrieve_function2) \
	X(gnutls_certificate_set_retrieve_function3) \
	X(gnutls_certificate_set_x509_key_mem) \
	X(gnutls_certificate_set_x509_key_mem2) \
	X(gnutls_certificate_set_x509_trust_mem) \
	X(gnutls_cipher_get) \
	X(gnutls_credentials_set) \
	X(gnutls_deinit) \
	X(gnutls_dh_params_deinit) \
	X(gnutls_dh_params_import_pkcs3) \
	X(gnutls_dh_params_init) \
	X(gnutls_global_deinit) \
	X(gnutls_global_init) \
	X(gnutls_handshake) \
	X(gnutls_init) \
	X(gnutls_malloc) \
	X(gnutls_priority_deinit) \
	X(gnutls_priority_init) \
	X(gnutls_priority_set) \
	X(gnutls_protocol_get_version) \
	X(gnutls_psk_allocate_server_credentials) \
	X(gnutls_psk_free_server_credentials) \
	X(gnutls_psk_set_server_credentials_function) \
	X(gnutls_record_check_pending) \
	X(gnutls_record_get_direction) \
	X(gnutls_record_recv) \
	X(gnutls_record_send) \
	X(gnutls_session_get_ptr) \
	X(gnutls_session_set_ptr) \
	X(gnutls_strerror) \
	X(gnutls_transport_set_int2)

#define X(symbol) \
	int symbol(void); \
	int symbol(void) \
	{ \
		return 0; \
	}
GNUTLS(X)
#undef X

struct ct_mhd ct_mhd = {
#define X(name) .name = MHD_##name,
	CT_MHD(X)
#undef X
};

int ct_mhd_open(struct ct_err *err)
{
	(void)err;
	return 0;
}

int ct_push_open(struct ct_push **ret, const char *url, struct ct_err *err)
{
	(void)url;
	*ret = NULL;
	return ct_fail(err, ENOTSUP, "serve: the static program sends nothing to a collector");
}

int ct_push_begin(struct ct_push *p, struct ct_err *err)
{
	(void)p;
	return ct_fail(err, ENOTSUP, "serve: the static program sends nothing to a collector");
}

const struct ct_session_host *ct_push_host(const struct ct_push *p)
{
	(void)p;
	return NULL;
}

void ct_push_record(struct ct_push *p, const struct ct_session *session,
		    const struct ct_record *rec)
{
	(void)p, (void)session, (void)rec;
}

void ct_push_tick(struct ct_push *p, const struct ct_session *session,
		  const struct ct_summary *nothing, const struct ct_core_counts *counts, bool last)
{
	(void)p, (void)session, (void)nothing, (void)counts, (void)last;
}

struct ct_push_counts ct_push_counts(struct ct_push *p)
{
	(void)p;
	return (struct ct_push_counts){ .failed = 0 };
}

void ct_push_close(struct ct_push *p)
{
	(void)p;
}
