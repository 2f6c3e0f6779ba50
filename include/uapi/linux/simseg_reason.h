/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * simseg reasons: what was decided about a packet and why, and why a session ended
 */
#ifndef _UAPI_LINUX_SIMSEG_REASON_H
#define _UAPI_LINUX_SIMSEG_REASON_H

/**
 * enum simseg_verdict - what is done with a packet
 * @SIMSEG_VERDICT_PASS: not governed, or link control: left as it is
 * @SIMSEG_VERDICT_ALLOW: allowed by a session, a rule or an exception
 * @SIMSEG_VERDICT_DENY: dropped
 */
enum simseg_verdict {
	SIMSEG_VERDICT_PASS,
	SIMSEG_VERDICT_ALLOW,
	SIMSEG_VERDICT_DENY,
	__SIMSEG_VERDICT_MAX
};

/*
 * Why a verdict is what it is. One enum for counters, records, explain and
 * documentation. The list is a macro so that names can be made from it:
 *	X(SYMBOL, "word", verdict, "sentence")
 * Additions go to the end.
 */
#define SIMSEG_REASONS(X)						      \
	X(NONE, "none", PASS, "no reason")				      \
	X(NOT_GOVERNED, "not-governed", PASS, "no address in a pool")	      \
	X(LINK, "link", PASS, "link control is not judged")		      \
	X(DISARMED, "disarmed", PASS, "simseg is disarmed")		      \
	X(SESSION, "session", ALLOW, "belongs to a live session")	      \
	X(RULE, "rule", ALLOW, "new session, allowed by a rule")	      \
	X(RELATED, "related", ALLOW, "ICMP error about a live session")	      \
	X(RESPONDER, "responder", ALLOW, "quarantined, but the peer is the responder") \
	X(UNBOUND, "unbound", DENY, "pool address without a device")	      \
	X(SPOOFED, "spoofed", DENY, "source address does not belong on this interface") \
	X(QUARANTINED, "quarantined", DENY, "device is quarantined")	      \
	X(NO_POLICY, "no-policy", DENY, "the device's policy does not exist") \
	X(NO_RULE, "no-rule", DENY, "no rule allows it")		      \
	X(NOT_FIRST, "not-first", DENY, "TCP packet of no session that is not a SYN") \
	X(UNRELATED, "unrelated", DENY, "ICMP error about no live session")   \
	X(MALFORMED, "malformed", DENY, "headers cannot be parsed")	      \
	X(FRAGMENT, "fragment", DENY, "fragment that cannot be reassembled")  \
	X(ROUTING_HEADER, "routing-header", DENY, "IPv6 routing header type 0") \
	X(DEVICE_LIMIT, "device-limit", DENY, "the device has too many sessions") \
	X(SESSION_LIMIT, "session-limit", DENY, "the session table is full")  \
	X(NO_MEMORY, "no-memory", DENY, "no memory for a session")	      \
	X(OBSERVED, "observed", ALLOW, "denied by rules of a policy that only observes") \
	X(BRIDGED, "bridged", DENY, "carried by a bridge, past where rules are asked")

enum simseg_reason {
#define SIMSEG_REASON_ENUM(sym, word, verdict, text) SIMSEG_REASON_##sym,
	SIMSEG_REASONS(SIMSEG_REASON_ENUM)
#undef SIMSEG_REASON_ENUM
	__SIMSEG_REASON_MAX
};

/* Why a session ended; X(SYMBOL, "word", "sentence"). Additions go to the end. */
#define SIMSEG_ENDS(X)							      \
	X(NONE, "none", "it has not ended")				      \
	X(FIN, "fin", "closed by both sides")				      \
	X(RST, "rst", "reset by one side")				      \
	X(TIMEOUT, "timeout", "no packet for the time its state allows")      \
	X(QUARANTINE, "quarantine", "a device was quarantined")		      \
	X(REVOKED, "revoked", "the grant was revoked")			      \
	X(EXPIRED, "expired", "the grant's deadline passed")		      \
	X(RULESET, "ruleset", "a new ruleset or peer set no longer allows it") \
	X(REBOUND, "rebound", "the address went to another device, or lost its own") \
	X(KILLED, "killed", "ended by command")				      \
	X(EVICTED, "evicted", "made room for a newer session of the device")  \
	X(REUSED, "reused", "the same ports were opened anew")

enum simseg_end {
#define SIMSEG_END_ENUM(sym, word, text) SIMSEG_END_##sym,
	SIMSEG_ENDS(SIMSEG_END_ENUM)
#undef SIMSEG_END_ENUM
	__SIMSEG_END_MAX
};

/* State of a session; "replied" covers UDP, ICMP and others. */
enum simseg_session_state {
	SIMSEG_SESSION_NEW,		/* only the initiator has sent */
	SIMSEG_SESSION_REPLIED,		/* both have sent */
	SIMSEG_SESSION_ESTABLISHED,	/* TCP handshake complete */
	SIMSEG_SESSION_CLOSING,		/* FIN seen from one side */
	SIMSEG_SESSION_CLOSED,		/* FIN from both, or RST */
	__SIMSEG_SESSION_STATE_MAX
};

#endif /* _UAPI_LINUX_SIMSEG_REASON_H */
