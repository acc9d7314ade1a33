# SPDX-License-Identifier: GPL-2.0-only
#
# The encoder of the Perfetto trace, made by protobuf-c from proto/perfetto.proto.

PROTOC_C  ?= protoc-c
CORE_LIBS += -lprotobuf-c

$(O)/gen/perfetto.pb-c.h: proto/perfetto.proto
	@mkdir -p $(@D)
	$(call msg,PROTO,$@)$(PROTOC_C) --proto_path=proto --c_out=$(@D) $<
$(O)/gen/perfetto.pb-c.c: $(O)/gen/perfetto.pb-c.h

# Whatever needs a generated header waits for this one too.
$(O)/gen/version.h: | $(O)/gen/perfetto.pb-c.h
