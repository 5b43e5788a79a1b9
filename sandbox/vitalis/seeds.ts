/** A professional as the SQLite table holds it. */
export interface Professional {
  id: number;
  name: string;
  surname: string;
  /** A number unless the text is none: the column has integer affinity. */
  dni: number | string;
  /** ISO date-time in UTC, or null where an unreadable text was written (vitalis.md section 2). */
  birthdate: string | null;
  gender: string;
  address: string;
  phone: string;
  email: string;
  specialityID: number | string;
  state: string;
  createdAt: string | null;
  updatedAt: string | null;
}

/** A medical speciality. */
export interface Speciality {
  id: number;
  name: string;
  state: string;
  createdAt: string | null;
  updatedAt: string | null;
}

/** One block of hours of one professional on one weekday, 0 = Sunday. */
export interface Schedule {
  id: number;
  professionalID: number | string;
  dayOfWeek: number | string;
  startTime: string | number;
  endTime: string | number;
  createdAt: string | null;
  updatedAt: string | null;
}

/** Somebody who can log in. */
export interface User {
  id: string;
  name: string;
  surname: string;
  email: string;
  password: string;
  rol: string;
}

/** What a sandbox starts with; each list replaces the default one. */
export interface VitalisSeeds {
  professionals?: readonly Professional[];
  specialities?: readonly Speciality[];
  schedules?: readonly Schedule[];
}

const DAY = '2026-11-22T00:57:';

function professional(
  id: number,
  [name, surname, dni]: [string, string, number],
  [birthdate, gender]: [string, string],
  [address, phone, email]: [string, string, string],
  [specialityID, state]: [number, string],
  second: string,
): Professional {
  const stamp = `${DAY}${second}Z`;
  return {
    id,
    name,
    surname,
    dni,
    birthdate: `${birthdate}T00:00:00.000Z`,
    gender,
    address,
    phone,
    email,
    specialityID,
    state,
    createdAt: stamp,
    updatedAt: stamp,
  };
}

/** The five professionals of the recordings, as they were before the first recorded write. */
export const PROFESSIONALS: readonly Professional[] = [
  professional(
    1,
    ['Juan', 'Pérez', 30111222],
    ['1985-03-15', 'Masculino'],
    ['Av. Corrientes 1234, Buenos Aires', '+54 11 4567-8901', 'juan.perez@example.test'],
    [1, 'Activo/a'],
    '17.482',
  ),
  professional(
    2,
    ['María', 'Gómez', 28333444],
    ['1980-11-02', 'Femenino'],
    ['Calle 7 100, La Plata', '0221-4567890', 'maria.gomez@example.test'],
    [2, 'Activo/a'],
    '17.509',
  ),
  professional(
    3,
    ['Carlos', 'Fernández', 7654321],
    ['1952-07-30', 'Masculino'],
    ['San Martín 55, Rosario', '341 456 7890', 'carlos.f@example.test'],
    [3, 'Activo/a'],
    '17.543',
  ),
  professional(
    4,
    ['Lucía', 'Rodríguez', 35666777],
    ['1990-01-09', 'Femenino'],
    ['Belgrano 900, Córdoba', '+54 351 4567890', 'lucia.r@example.test'],
    [1, 'Licencia'],
    '17.583',
  ),
  professional(
    5,
    ['Ana', 'Martínez', 40888999],
    ['1997-12-31', 'Femenino'],
    ['Mitre 12, Mendoza', '261-4567890', 'ana.m@example.test'],
    [2, 'Inactivo/a'],
    '17.611',
  ),
];

function speciality(id: number, name: string, second: string): Speciality {
  const stamp = `${DAY}${second}Z`;
  return { id, name, state: 'Activa', createdAt: stamp, updatedAt: stamp };
}

export const SPECIALITIES: readonly Speciality[] = [
  speciality(1, 'Cardiología', '17.408'),
  speciality(2, 'Pediatría', '17.431'),
  speciality(3, 'Clínica médica', '17.452'),
];

function schedule(
  id: number,
  [professionalID, dayOfWeek]: [number, number],
  [startTime, endTime]: [string, string],
  second: string,
): Schedule {
  const stamp = `${DAY}${second}Z`;
  return { id, professionalID, dayOfWeek, startTime, endTime, createdAt: stamp, updatedAt: stamp };
}

/** The stamps of rows 3 and 4 are in no recording; the two seconds here are ours. */
export const SCHEDULES: readonly Schedule[] = [
  schedule(1, [1, 1], ['08:00', '12:00'], '17.632'),
  schedule(2, [1, 3], ['14:00', '18:00'], '17.677'),
  schedule(3, [2, 2], ['09:30', '13:30'], '17.700'),
  schedule(4, [3, 5], ['10:00', '16:00'], '17.721'),
];
