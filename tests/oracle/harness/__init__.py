# SPDX-License-Identifier: BSD-3-Clause
"""The differential suite: one scenario, played to the kernel's IPVS and to lvsd."""
