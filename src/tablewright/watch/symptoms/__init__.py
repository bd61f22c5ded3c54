"""The symptoms, by what they are about. Importing this package registers them all."""

from tablewright.watch.symptoms import capacity as capacity
from tablewright.watch.symptoms import errors as errors
from tablewright.watch.symptoms import expiry as expiry
from tablewright.watch.symptoms import latency as latency
from tablewright.watch.symptoms import scans as scans
from tablewright.watch.symptoms import spending as spending
from tablewright.watch.symptoms import streams as streams
from tablewright.watch.symptoms import throttling as throttling
