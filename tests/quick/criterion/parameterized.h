/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "criterion.h"

struct criterion_test_params {
	const void *params;
	size_t length, size;
};

#define cr_make_param_array(type, array, count) \
	((struct criterion_test_params){ array, count, sizeof(type) })

#define ParameterizedTestParameters(suite_, name_) \
	static struct criterion_test_params quick_params_##suite_##_##name_(void)

#define ParameterizedTest(param_, suite_, name_, ...) \
	static void quick_##suite_##_##name_(param_); \
	static void quick_each_##suite_##_##name_(void) \
	{ \
		struct criterion_test_params p = quick_params_##suite_##_##name_(); \
\
		for (size_t i = 0; i < p.length; i++) \
			quick_##suite_##_##name_((void *)((char *)p.params + i * p.size)); \
	} \
	QUICK_TEST(suite_, name_, quick_each_##suite_##_##name_, ##__VA_ARGS__) \
	static void quick_##suite_##_##name_(param_)
