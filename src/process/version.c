/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Version output, in the manner of HAProxy's -v and -vv: tools look for "version x.y.z date" on the
 * first line. The muxes and services come from the registry, so that the list cannot lie. No
 * memory.
 */
#include "process/version.h"

#include <ev.h>
#include <stdio.h>

#include "process/registry.h"
#include "tls/tls.h"

#ifdef WEIR_HAVE_JEMALLOC
static const char ALLOCATOR[] = "jemalloc";
#else
static const char ALLOCATOR[] = "the system's";
#endif

static void print_build(void)
{
    printf("Build options :\n");
    printf("  TARGET  = %s\n", WEIR_BUILD_TARGET);
    printf("  CC      = %s\n", WEIR_BUILD_COMPILER);
    printf("  TYPE    = %s\n", WEIR_BUILD_TYPE);
    printf("  CFLAGS  = %s\n", WEIR_BUILD_FLAGS);
}

static void print_libraries(void)
{
    printf("\nBuilt with libev version : %d.%d\n", ev_version_major(), ev_version_minor());
    printf("Running on %s\n", tls_library_version());
    printf("Allocator : %s\n", ALLOCATOR);
}

void version_print(bool is_long)
{
    printf("weir version %s %s - a load balancer that stays inside its memory\n", WEIR_VERSION,
           WEIR_VERSION_DATE);
    if (!is_long) {
        return;
    }
    print_build();
    print_libraries();
    printf("\nAvailable polling systems :\n      epoll : pref=300,  test result OK\n");
    printf("\nAvailable multiplexer protocols :\n");
    printf("        H1 : mode=HTTP  side=FE|BE\n");
    printf("       TCP : mode=TCP   side=FE|BE\n");
    printf("\nAvailable services :");
    for (const struct service_ops *const *service = registry_services(); *service != NULL;
         service++) {
        printf(" %s", (*service)->name);
    }
    printf("\nAvailable filters : none\n");
}
