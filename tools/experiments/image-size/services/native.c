// SPDX-License-Identifier: GPL-2.0-only
/* The part of a service that is compiled: how often each byte is in a text. Why its image is built with a compiler. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *counts(PyObject *self, PyObject *args)
{
	unsigned long of[256] = { 0 };
	const char *text;
	Py_ssize_t len;
	PyObject *list;

	(void)self;
	if (!PyArg_ParseTuple(args, "y#", &text, &len))
		return NULL;
	for (Py_ssize_t i = 0; i < len; i++)
		of[(unsigned char)text[i]]++;
	list = PyList_New(256);
	for (Py_ssize_t i = 0; list && i < 256; i++)
		PyList_SET_ITEM(list, i, PyLong_FromUnsignedLong(of[i]));
	return list;
}

static PyMethodDef methods[] = { { "counts", counts, METH_VARARGS, "of each byte" },
				 { NULL, NULL, 0, NULL } };
static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "native", NULL, -1, methods, NULL, NULL, NULL, NULL
};

PyMODINIT_FUNC PyInit_native(void)
{
	return PyModule_Create(&module);
}
