// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.0;

/// A wallet that is a contract: a signature is its own if its owner made it (ERC-1271). Others it refuses by giving up.
contract Wallet {
    address private immutable owner;

    constructor(address of_) {
        owner = of_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        require(signature.length == 65, "no signature");
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        address who = ecrecover(hash, uint8(signature[64]), r, s);
        return who == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}
