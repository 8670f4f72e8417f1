"""What assets lean on and a deployment swaps."""

from resources.lake import LakeResource, WatchedFolders, lake_root, watched_folders

__all__ = ["LakeResource", "WatchedFolders", "lake_root", "watched_folders"]
