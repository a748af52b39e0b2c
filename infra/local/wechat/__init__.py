"""A local WeChat: the wire protocol of WeChat Pay v3 and of the mini-program server API.

Owns the other side of every call the shop makes to WeChat, and a control plane that plays the
shopper. It must never be deployed: it holds both parties' private keys.
"""
