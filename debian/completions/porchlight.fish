# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_porchlight_global_optspecs
    string join \n h/help
end

function __fish_porchlight_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_porchlight_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_porchlight_using_subcommand
    set -l cmd (__fish_porchlight_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c porchlight -n "__fish_porchlight_needs_command" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "run" -d 'Run the daemon until SIGTERM or Ctrl-C'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "check-config" -d 'Read the configuration and say whether it is right'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "print-config" -d 'Print the configuration that `run` would use, as TOML'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "doctor" -d 'Look for what keeps people from reaching the box, and from being seen and heard by it'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "privacy" -d 'Close camera and microphone of the box that runs here, open them again, or say how it is. For somebody who is at it'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "pin" -d 'Print the PIN that makes whoever types it on the sign-in page the owner of a box that nobody owns. Asks the daemon'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "hotspot" -d 'Print how to join the network that the box opens while it has no other. Asks the daemon'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "backup" -d 'Write everything that makes this box this one into one encrypted file: rooms, people, keys, settings. The daemon may run meanwhile'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "restore" -d 'Put a backup in the place of the state folder of a box that does not run'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "support" -d 'Write a file for whoever helps: how the box is, without names, addresses, keys or chats. It is shown first, and sent nowhere'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "update" -d 'Install an update of the image that this box is, and start with it the next time. For root at the box; speaks to RAUC itself'
complete -c porchlight -n "__fish_porchlight_needs_command" -f -a "version" -d 'Print the version'
complete -c porchlight -n "__fish_porchlight_using_subcommand run" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand run" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand run" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand run" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand check-config" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand check-config" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand check-config" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand check-config" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand print-config" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand print-config" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand print-config" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand print-config" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and not __fish_seen_subcommand_from devices sound network" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and not __fish_seen_subcommand_from devices sound network" -f -a "devices" -d 'Say which camera, microphone, speaker, screen and encoder are there, which are used, and what to do where something is missing'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and not __fish_seen_subcommand_from devices sound network" -f -a "sound" -d 'Play something through the box\'s speaker, listen, and say what to change. Asks the daemon, if it runs'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and not __fish_seen_subcommand_from devices sound network" -f -a "network" -d 'Try every way to the box that browsers are told, and say what to do. Asks the daemon, if it runs'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from devices" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from devices" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from devices" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from devices" -l json -d 'Print JSON'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from devices" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from sound" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from sound" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from sound" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from sound" -l json -d 'Print JSON'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from sound" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from network" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from network" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from network" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from network" -l json -d 'Print JSON'
complete -c porchlight -n "__fish_porchlight_using_subcommand doctor; and __fish_seen_subcommand_from network" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand privacy" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand privacy" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand privacy" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand privacy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c porchlight -n "__fish_porchlight_using_subcommand pin" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand pin" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand pin" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand pin" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand hotspot" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand hotspot" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand hotspot" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand hotspot" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l passphrase-file -d 'Take the passphrase from a file with one line' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l recipient -d 'Encrypt it for a key of age (age1...) instead, which opens it without a passphrase' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -l generate -d 'Make a passphrase, and print it'
complete -c porchlight -n "__fish_porchlight_using_subcommand backup" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l passphrase-file -d 'Take the passphrase from a file with one line' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l identity -d 'A file of age with the key that the backup is for' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -l replace -d 'Put what is in the state folder aside'
complete -c porchlight -n "__fish_porchlight_using_subcommand restore" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -l yes -d 'Write it without asking'
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -l show -d 'Print all that is in it'
complete -c porchlight -n "__fish_porchlight_using_subcommand support" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -a "status" -d 'Say which slot runs, what is in the other one, and from which the box starts the next time'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and not __fish_seen_subcommand_from status confirm" -a "confirm" -d 'Tell the boot loader that what runs is good, if the daemon is ready, its page answers and the encoder codes pictures. Else it is not told, and falls back after some starts'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from status" -l json -d 'Print JSON'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from confirm" -l within -d 'Try again for so many seconds' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from confirm" -l config -d 'The configuration file [default: /etc/porchlight/porchlight.toml when it exists]' -r -F
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from confirm" -l listen -d 'The address and port for pages, API and streams (http.listen)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from confirm" -l state -d 'The folder for the database and secrets (node.state)' -r
complete -c porchlight -n "__fish_porchlight_using_subcommand update; and __fish_seen_subcommand_from confirm" -s h -l help -d 'Print help'
complete -c porchlight -n "__fish_porchlight_using_subcommand version" -s h -l help -d 'Print help'
