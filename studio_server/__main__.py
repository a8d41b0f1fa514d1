from studio_server.cli import main

main()
