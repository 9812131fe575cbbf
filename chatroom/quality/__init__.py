"""What is wrong in a call, and whose it is: judged from what workers count and what pages say of themselves."""
