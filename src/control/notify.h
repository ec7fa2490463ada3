/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tells the service manager how far we are, as sd_notify(3) describes: one datagram with
 * "NAME=value" lines to the socket that NOTIFY_SOCKET names. Main lcore only.
 */
#ifndef LVSD_CONTROL_NOTIFY_H
#define LVSD_CONTROL_NOTIFY_H

/* 0 also when nobody listens (NOTIFY_SOCKET not set); a negative errno when sending failed. */
int notify_send(const char *state);

#endif
