namespace BestOfN.Inference.Runtime;

/// <summary>libtorch could not be loaded. The message names the library, the reason, and what to install.</summary>
public sealed class TorchRuntimeException : Exception
{
    /// <param name="library">Path of the library that did not load.</param>
    /// <param name="reason">First line of the loader's own message.</param>
    public TorchRuntimeException(string library, string reason)
        : base($"Could not load {library}: {reason}. Needed: Linux x64 with glibc 2.34 or newer and the C++ runtime "
            + $"(Debian and Ubuntu: apt-get install libstdc++6). Another libtorch 2.10 can be named by {TorchRuntime.LibtorchVariable}.")
    {
    }
}
