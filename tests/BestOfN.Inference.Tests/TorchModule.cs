using System.Runtime.CompilerServices;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests;

internal static class TorchModule
{
    // libtorch must be loaded before a test touches torch itself. Networks as small as these lose more to waiting for a second thread
    // than they gain, above all on a busy machine.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "A test assembly has no other beginning.")]
    internal static void Load()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(TorchRuntime).Module.ModuleHandle);
        set_num_threads(1);
    }
}
