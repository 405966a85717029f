using System.Threading.Channels;
using TorchSharp;

namespace BestOfN.Inference.Runtime;

/// <summary>The one thread that touches a device. Everybody else hands it synchronous work and receives values, not tensors.</summary>
/// <remarks>
/// Dispose scopes, inference mode and OpenMP teams belong to a thread; so does this. Work runs in order of arrival, under inference mode
/// and within a dispose scope of its own: a tensor that is to outlive its work leaves with <c>DetachFromDisposeScope</c>. On a CPU what a
/// pass frees stays with the process for the next one (<see cref="MallocTuning"/>).
/// </remarks>
public sealed class DeviceWorker : IDisposable
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;
    private readonly bool _ownKernels;

    /// <param name="device">Where its work is computed.</param>
    /// <param name="ownKernels">False: on a CPU, too, libtorch's kernels alone compute. Slower, and a text may then depend on what decodes
    /// beside it.</param>
    public DeviceWorker(torch.Device device, bool ownKernels = true)
    {
        (Device, _ownKernels) = (device, ownKernels);
        if (device.type == DeviceType.CPU)
        {
            MallocTuning.KeepFreedMemory();
        }

        _thread = new Thread(Run) { IsBackground = true, Name = $"device {device}" };
        _thread.Start();
    }

    public torch.Device Device { get; }

    /// <summary>True on the worker's own thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Runs work on the device's thread.</summary>
    /// <param name="work">Synchronous; must not wait for other work of this worker.</param>
    /// <param name="cancellationToken">Checked when the work's turn comes; work that has begun runs to its end.</param>
    /// <exception cref="ObjectDisposedException">The worker was disposed before the work's turn came.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken = default)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Item()
        {
            if (cancellationToken.IsCancellationRequested)
            {
                completion.TrySetCanceled(cancellationToken);
                return;
            }

            try
            {
                T result;
                using (torch.NewDisposeScope())
                {
                    result = work();
                }

                completion.TrySetResult(result);
            }
            catch (OperationCanceledException e)
            {
                completion.TrySetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                completion.TrySetException(e);
            }
        }

        if (!_work.Writer.TryWrite(Item))
        {
            completion.TrySetException(new ObjectDisposedException(nameof(DeviceWorker)));
        }

        return completion.Task;
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Action work, CancellationToken cancellationToken = default) => RunAsync(
        () =>
        {
            work();
            return true;
        },
        cancellationToken);

    /// <summary>Runs work on the device's thread and waits for it; on the caller's once the worker is gone. For giving resources
    /// back.</summary>
    public void RunToEnd(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        if (IsCurrent)
        {
            work();
            return;
        }

        try
        {
            RunAsync(work).GetAwaiter().GetResult();
        }
        catch (ObjectDisposedException)
        {
            work();
        }
    }

    /// <summary>Finishes the work that was handed over and ends the thread. Not to be called from the worker's own thread.</summary>
    public void Dispose()
    {
        if (_work.Writer.TryComplete())
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        using var inference = torch.inference_mode();
        if (!_ownKernels)
        {
            OwnKernels.TurnOff();
        }

        while (_work.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_work.Reader.TryRead(out var item))
            {
                item();
            }
        }
    }
}
