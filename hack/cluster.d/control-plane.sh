# shellcheck shell=bash
control_plane_up() { refuse "not yet"; }
control_plane_down() { refuse "not yet"; }
