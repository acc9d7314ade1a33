# SPDX-License-Identifier: GPL-2.0-only
#
# make deb                     packages of Debian 12 in $(O)/deb: DEB_ARCHS="amd64 arm64"
# make image                   $(O)/image/coldtrace.tar, an OCI image of the static program: IMAGE_ARCHS="amd64 arm64"
# make fleet                   50 nodes that there are not, asked as a fleet: tools/fleet/run
# make packages-test           installs the package in a chroot, upgrades, removes and purges it; runs the image
# make deploy-test             the manifests, rules and the dashboard of deploy/ against what is published of them

DEB_ARCHS   ?= amd64 arm64
IMAGE_ARCHS ?= amd64 arm64

.PHONY: deb image packages-test deploy-test fleet
deb:
	@O=$(O) tools/deb.sh $(DEB_ARCHS)

STATIC_OF_amd64 = x86_64
STATIC_OF_arm64 = aarch64
image: $(foreach arch,$(IMAGE_ARCHS),$(O)/static/coldtrace-$(STATIC_OF_$(arch)))
	@O=$(O) tools/image.sh $(IMAGE_ARCHS)

packages-test: build
	@O=$(O) tests/packages/run

deploy-test: build
	@O=$(O) tests/deploy/run

fleet: build
	@O=$(O) tools/fleet/run $(FLEET)
