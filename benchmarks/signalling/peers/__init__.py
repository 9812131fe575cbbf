"""Servers of others' making that do the same: one room chat each, written as their documentation has it."""
