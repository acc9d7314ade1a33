# SPDX-License-Identifier: GPL-2.0-only
# What is built is copied into an image that has what running needs, above Debian without its documentation.
FROM ct/debian:1 AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential python3-dev
COPY native.c /app/
RUN gcc -O2 -shared -fPIC $(python3-config --includes) -o /app/native.so /app/native.c

FROM ct/debian-slim:1
ARG PACKAGES
RUN apt-get update && apt-get install -y --no-install-recommends $PACKAGES && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
COPY --from=build /app/native.so /app/
COPY service.py /app/
CMD ["/usr/bin/python3", "/app/service.py"]
