/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The wire contract between lvsd and its clients.
 *
 * A client connects an AF_UNIX SOCK_SEQPACKET socket to lvsd and sends generic netlink messages,
 * one or more per datagram, exactly as it would to the kernel. Three families are there:
 *
 *   nlctrl (0x10)   GETFAMILY only, so that stock libraries find the other two by name
 *   "IPVS"          the kernel's family, message for message: <linux/ip_vs.h> is its definition
 *   "LVSD"          what IPVS has no word for; defined here
 *
 * Numbers and names in this file never change meaning; new ones are added at the end.
 * All integers are in host byte order unless "be" is said (the socket never leaves the machine).
 */
#ifndef LVSD_API_LVSD_WIRE_H
#define LVSD_API_LVSD_WIRE_H

#define LVSD_SOCKET_DEFAULT "/run/lvsd/lvsd.sock"
#define LVSD_SOCKET_ENV     "LVSD_SOCKET"
#define LVSD_CONFIG_DEFAULT "/etc/lvsd/lvsd.yaml"

/* Largest datagram either side sends; a dump is cut into datagrams of at most this many bytes. */
#define LVSD_MSG_MAX 32768

/* Generic netlink families: nlmsg_type of their messages. */
#define LVSD_FAMILY_IPVS_ID 0x7ff0
#define LVSD_FAMILY_LVSD_ID 0x7ff1
#define LVSD_FAMILY_NAME    "LVSD"
#define LVSD_FAMILY_VERSION 1

/* Commands of the LVSD family. Every dump answers with messages of the same command. */
enum lvsd_cmd {
	LVSD_CMD_UNSPEC = 0,
	LVSD_CMD_GET_VERSION = 1,     /* one answer */
	LVSD_CMD_GET_CONN = 2,        /* dump: connections and templates */
	LVSD_CMD_GET_PORT = 3,        /* dump: ports */
	LVSD_CMD_GET_WORKER = 4,      /* dump: workers, their load and connection memory */
	LVSD_CMD_GET_COUNTER = 5,     /* dump: every named counter, summed over the workers */
	LVSD_CMD_NEW_LADDR = 6,       /* FULLNAT: a service gets a local address */
	LVSD_CMD_DEL_LADDR = 7,       /* and loses it; connections that use it stay */
	LVSD_CMD_GET_LADDR = 8,       /* dump: of the service, or of all */
	LVSD_CMD_SET_CLIENT_INFO = 9, /* how the servers learn the client's address */
	LVSD_CMD_MAX = LVSD_CMD_SET_CLIENT_INFO,
};

/* LVSD_CMD_GET_VERSION */
enum lvsd_version_attr {
	LVSD_VERSION_ATTR_UNSPEC = 0,
	LVSD_VERSION_ATTR_VERSION = 1, /* string: lvsd's release */
	LVSD_VERSION_ATTR_DPDK = 2,    /* string: "DPDK 22.11.x" */
	LVSD_VERSION_ATTR_PID = 3,     /* u32 */
	LVSD_VERSION_ATTR_UPTIME = 4,  /* u32: seconds */
	LVSD_VERSION_ATTR_MAX = LVSD_VERSION_ATTR_UPTIME,
};

/* LVSD_CMD_GET_CONN. Addresses are 4 or 16 bytes after AF; ports be16. */
enum lvsd_conn_attr {
	LVSD_CONN_ATTR_UNSPEC = 0,
	LVSD_CONN_ATTR_AF = 1,    /* u16: of client and virtual address */
	LVSD_CONN_ATTR_PROTO = 2, /* u8: IPPROTO_*; 0 for templates of fwmark services */
	LVSD_CONN_ATTR_CADDR = 3, /* client */
	LVSD_CONN_ATTR_CPORT = 4, /* be16 */
	LVSD_CONN_ATTR_VADDR = 5, /* virtual */
	LVSD_CONN_ATTR_VPORT = 6, /* be16 */
	LVSD_CONN_ATTR_DADDR = 7, /* destination (real server) */
	LVSD_CONN_ATTR_DPORT = 8, /* be16 */
	LVSD_CONN_ATTR_DAF = 9,   /* u16: of the destination address */
	LVSD_CONN_ATTR_STATE =
		10, /* string, as ipvsadm -Lc prints it: ESTABLISHED, SYN_RECV, UDP... */
	LVSD_CONN_ATTR_EXPIRES = 11, /* u32: milliseconds left */
	LVSD_CONN_ATTR_FLAGS = 12,   /* u32: IP_VS_CONN_F_* */
	LVSD_CONN_ATTR_WORKER = 13,  /* u32: the worker that owns it */
	LVSD_CONN_ATTR_PE_NAME = 14, /* string, absent without persistence engine */
	LVSD_CONN_ATTR_PE_DATA = 15, /* binary */
	LVSD_CONN_ATTR_MAX = LVSD_CONN_ATTR_PE_DATA,
};

/* LVSD_CMD_GET_PORT */
enum lvsd_port_attr {
	LVSD_PORT_ATTR_UNSPEC = 0,
	LVSD_PORT_ATTR_NAME = 1,      /* string */
	LVSD_PORT_ATTR_DEVICE = 2,    /* string: PCI address or devargs, as configured */
	LVSD_PORT_ATTR_DRIVER = 3,    /* string: the DPDK driver */
	LVSD_PORT_ATTR_MAC = 4,       /* 6 bytes */
	LVSD_PORT_ATTR_MTU = 5,       /* u32 */
	LVSD_PORT_ATTR_LINK = 6,      /* u8: 1 up, 0 down */
	LVSD_PORT_ATTR_SPEED = 7,     /* u32: Mbit/s, UINT32_MAX unknown */
	LVSD_PORT_ATTR_RX_QUEUES = 8, /* u32 */
	LVSD_PORT_ATTR_TX_QUEUES = 9, /* u32 */
	LVSD_PORT_ATTR_STEERING = 10, /* string: "single" (one worker) or "handover" */
	LVSD_PORT_ATTR_TWIN = 11,     /* string: kernel interface, absent without twin */
	LVSD_PORT_ATTR_IPACKETS = 12, /* u64 */
	LVSD_PORT_ATTR_OPACKETS = 13, /* u64 */
	LVSD_PORT_ATTR_IBYTES = 14,   /* u64 */
	LVSD_PORT_ATTR_OBYTES = 15,   /* u64 */
	LVSD_PORT_ATTR_IMISSED = 16,  /* u64: dropped by the device, queue full */
	LVSD_PORT_ATTR_IERRORS = 17,  /* u64 */
	LVSD_PORT_ATTR_OERRORS = 18,  /* u64 */
	LVSD_PORT_ATTR_PAD = 19,
	LVSD_PORT_ATTR_MAX = LVSD_PORT_ATTR_PAD,
};

/* LVSD_CMD_GET_WORKER */
enum lvsd_worker_attr {
	LVSD_WORKER_ATTR_UNSPEC = 0,
	LVSD_WORKER_ATTR_ID = 1,           /* u32: 0.. */
	LVSD_WORKER_ATTR_CPU = 2,          /* u32 */
	LVSD_WORKER_ATTR_RX_PACKETS = 3,   /* u64 */
	LVSD_WORKER_ATTR_TX_PACKETS = 4,   /* u64 */
	LVSD_WORKER_ATTR_DROPS = 5,        /* u64: sum of its drop counters */
	LVSD_WORKER_ATTR_HANDOVERS = 6,    /* u64: packets given to their owner */
	LVSD_WORKER_ATTR_LOOPS = 7,        /* u64 */
	LVSD_WORKER_ATTR_BUSY_LOOPS = 8,   /* u64: loops that had work */
	LVSD_WORKER_ATTR_CONNS = 9,        /* u64: connections and templates held */
	LVSD_WORKER_ATTR_CONNS_MAX = 10,   /* u64 */
	LVSD_WORKER_ATTR_CONN_MEMORY = 11, /* u64: bytes of its connection arena, table included */
	LVSD_WORKER_ATTR_CONNS_CREATED = 12, /* u64 */
	LVSD_WORKER_ATTR_CONNS_EXPIRED = 13, /* u64 */
	LVSD_WORKER_ATTR_HUGEPAGES = 14,     /* u8: 1 when the arena lies in hugepages */
	LVSD_WORKER_ATTR_PAD = 15,
	LVSD_WORKER_ATTR_MAX = LVSD_WORKER_ATTR_PAD,
};

/* LVSD_CMD_GET_COUNTER */
enum lvsd_counter_attr {
	LVSD_COUNTER_ATTR_UNSPEC = 0,
	LVSD_COUNTER_ATTR_NAME = 1,  /* string */
	LVSD_COUNTER_ATTR_VALUE = 2, /* u64 */
	LVSD_COUNTER_ATTR_DROP = 3,  /* u8: 1 when every count is a packet that ended here */
	LVSD_COUNTER_ATTR_HELP = 4,  /* string */
	LVSD_COUNTER_ATTR_PAD = 5,
	LVSD_COUNTER_ATTR_MAX = LVSD_COUNTER_ATTR_PAD,
};

/* LVSD_CMD_*_LADDR, LVSD_CMD_SET_CLIENT_INFO. A dump has one message per local address, and one
 * without an address for a service that has none and needs some (a destination by FULLNAT) or has
 * other settings of FULLNAT. */
enum lvsd_laddr_attr {
	LVSD_LADDR_ATTR_UNSPEC = 0,
	LVSD_LADDR_ATTR_SERVICE = 1,     /* nest that names a service: IPVS_SVC_ATTR_* */
	LVSD_LADDR_ATTR_AF = 2,          /* u16: of ADDR; absent in a request: the service's */
	LVSD_LADDR_ATTR_ADDR = 3,        /* 4 or 16 bytes */
	LVSD_LADDR_ATTR_FIRST = 4,       /* u16: first of its ports; absent in a request: 1024 */
	LVSD_LADDR_ATTR_LAST = 5,        /* u16: and the last; absent: 65535 */
	LVSD_LADDR_ATTR_CLIENT_INFO = 6, /* u8: enum lvsd_client_info */
	LVSD_LADDR_ATTR_MAX = LVSD_LADDR_ATTR_CLIENT_INFO,
};

#define LVSD_LADDR_FIRST_DEFAULT 1024
#define LVSD_LADDR_LAST_DEFAULT  65535

enum lvsd_client_info {
	LVSD_CLIENT_INFO_NONE = 0,
	LVSD_CLIENT_INFO_TOA = 1, /* TCP option 254 */
};

/*
 * In the nest IPVS_CMD_ATTR_DEST, beside the kernel's attributes: u32, the forwarding method where
 * IPVS has no number for it. FWD_METHOD is 0 (masquerading) then, which is what clients see that
 * do not know this attribute. In IPVS_CMD_SET_DEST without it, masquerading leaves a destination
 * by FULLNAT as it is; the value 0 says that masquerading is meant.
 */
#define LVSD_DEST_ATTR_METHOD 64
#define LVSD_METHOD_FULLNAT   5

#endif
