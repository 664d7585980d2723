"""What is typed: one file a command, with its options. What the command does is in a folder:

init              init/
serve             serve/
tunnel            attach/tunnel.py
engine            engine/service.py
configure-number  numbers/configure.py
top               attach/live_view.py
calls             history/
doctor            doctor/
call-test         call_test/
"""
