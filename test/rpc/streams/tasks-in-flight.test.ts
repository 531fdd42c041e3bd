import { expect, test } from 'vitest';
import { TasksInFlight } from '../../../src/rpc/streams/tasks-in-flight.ts';

test('who found no room is called once there is some', () => {
  const room = new TasksInFlight();
  const calls: string[] = [];
  room.take(49_999);
  expect(room.isFull).toBe(false);
  room.take(1000);
  expect(room.isFull).toBe(true);
  const gone = () => void calls.push('gone');
  room.whenFree(() => void calls.push('one'));
  room.whenFree(gone);
  room.forget(gone);
  room.give(500);
  expect(calls).toEqual([]);
  room.give(500);
  expect(calls).toEqual(['one']);
  room.give(49_999);
  expect(calls).toEqual(['one']);
});
