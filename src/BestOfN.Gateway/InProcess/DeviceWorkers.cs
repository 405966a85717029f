using System.Collections.Concurrent;
using BestOfN.Inference.Runtime;
using TorchSharp;

namespace BestOfN.Gateway.InProcess;

/// <summary>One owner thread for each device that the configuration names, shared by all models there.</summary>
/// <param name="ownKernels">
/// Whether they compute with the kernels of this project, too, or with libtorch's alone. Asked when the first model is opened and not
/// before, because the options' validator needs the sources of models, and these need the workers. Null: they do.
/// </param>
internal sealed class DeviceWorkers(Func<bool>? ownKernels = null) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<DeviceWorker>> _workers = new(StringComparer.Ordinal);

    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="InvalidOperationException">There is no such device.</exception>
    public DeviceWorker On(string device) => _workers.GetOrAdd(device, name => new(() => Start(name))).Value;

    public void Dispose()
    {
        foreach (var worker in _workers.Values.Where(w => w.IsValueCreated))
        {
            worker.Value.Dispose();
        }
    }

    private DeviceWorker Start(string device) => device == "cpu" || torch.cuda.is_available()
        ? new DeviceWorker(torch.device(device), ownKernels?.Invoke() ?? true)
        : throw new InvalidOperationException(
            $"Device {device} is not there: this build or machine has no CUDA"
            + $"{(TorchRuntime.CudaLoadError is { } reason ? $" ({reason})" : "")}.");
}
