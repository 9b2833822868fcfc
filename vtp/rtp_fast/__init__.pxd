# The parts of the packet path, for cimport only: nothing here exists at run time.
