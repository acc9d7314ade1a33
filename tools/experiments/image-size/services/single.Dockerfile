# SPDX-License-Identifier: GPL-2.0-only
# All that building needs stays in the image.
FROM ct/debian:1
RUN apt-get update && apt-get install -y --no-install-recommends build-essential python3-dev
ARG PACKAGES
RUN apt-get install -y --no-install-recommends $PACKAGES
COPY native.c service.py /app/
RUN gcc -O2 -shared -fPIC $(python3-config --includes) -o /app/native.so /app/native.c
CMD ["/usr/bin/python3", "/app/service.py"]
