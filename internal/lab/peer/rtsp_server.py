"""Serves the H.264 and AAC of an MP4 at rtsp://127.0.0.1:PORT/clip with GStreamer's RTSP server, to each client from the beginning.

rtsp_server.py CLIP PORT [USER PASSWORD [CERTIFICATE]], with PORT 0 for any; the port is printed once it is served.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer

clip, port, *login = sys.argv[1:]
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
media = GstRtspServer.RTSPMediaFactory()
media.set_launch(
    f'( filesrc location="{clip}" ! qtdemux name=d d.video_0 ! queue ! rtph264pay name=pay0 pt=96'
    " d.audio_0 ! queue ! rtpmp4gpay name=pay1 pt=97 )"
)
if login:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*login[:2]), token)
    viewer = GstRtspServer.RTSPPermissions()
    viewer.add_permission_for_role("viewer", "media.factory.access", True)
    viewer.add_permission_for_role("viewer", "media.factory.construct", True)
    media.set_permissions(viewer)
    if login[2:]:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(login[2]))
    server.set_auth(auth)
server.get_mount_points().add_factory("/clip", media)
if not server.attach(None):
    sys.exit("the port cannot be had")
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
