"""What time does to what people gave: clocks, holds, erasing, new keys."""
