using System.Threading.Channels;

namespace BestOfN.LLama.Runtime;

/// <summary>The one thread that computes with a context of llama.cpp. Work runs in order of arrival.</summary>
internal sealed class LlamaWorker : IDisposable
{
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;

    public LlamaWorker(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <param name="work">Synchronous; must not wait for other work of this worker.</param>
    /// <returns>Done when the work is; failed at once where the worker has been disposed.</returns>
    public Task RunAsync(Action work)
    {
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = _work.Writer.TryWrite(() =>
        {
            try
            {
                work();
                completion.SetResult();
            }
            catch (Exception e)
            {
                completion.SetException(e);
            }
        });
        return isTaken ? completion.Task : Task.FromException(new ObjectDisposedException(nameof(LlamaWorker)));
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
        while (_work.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_work.Reader.TryRead(out var item))
            {
                item();
            }
        }
    }
}
