/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the daemon's refusal means, in the words of stock ipvsadm: the same errno has another text
 * for each command. The first row that matches is it; rows for everything stand last.
 */
#include "command.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define ANY REFUSED_OTHER

static const struct text {
	enum refused what;
	int err;
	const char *text;
} texts[] = {
	{REFUSED_ADD, EEXIST, "Service already exists"},
	{REFUSED_ADD, ENOENT, "Scheduler or persistence engine not found"},
	{REFUSED_EDIT, ESRCH, "No such service"},
	{REFUSED_EDIT, ENOENT, "Scheduler or persistence engine not found"},
	{REFUSED_DEL, ESRCH, "No such service"},
	{REFUSED_ZERO, ESRCH, "No such service"},
	{REFUSED_ADD_DEST, ESRCH, "Service not defined"},
	{REFUSED_ADD_DEST, EEXIST, "Destination already exists"},
	{REFUSED_EDIT_DEST, ESRCH, "Service not defined"},
	{REFUSED_EDIT_DEST, ENOENT, "No such destination"},
	{REFUSED_DEL_DEST, ESRCH, "Service not defined"},
	{REFUSED_DEL_DEST, ENOENT, "No such destination"},
	{REFUSED_START, EEXIST, "Daemon has already run"},
	{REFUSED_STOP, ESRCH, "No daemon is running"},
	{REFUSED_GET, ESRCH, "No such service"},

	{ANY, EPERM, "Permission denied (you must be root)"},
	{ANY, EINVAL,
	 "Invalid operation.  Possibly wrong module version, address not unicast, ..."},
	{ANY, ENOPROTOOPT, "Protocol not available"},
	{ANY, ENOMEM, "Memory allocation problem"},
	{ANY, EOPNOTSUPP, "Operation not supported with IPv6"},
	{ANY, EAFNOSUPPORT, "Operation not supported with specified address family"},
	{ANY, EMSGSIZE, "Module is wrong version"},
};

const char *refusal(enum refused what, int err)
{
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].err == -err && (texts[i].what == what || texts[i].what == ANY))
			return texts[i].text;
	return strerror(-err);
}
